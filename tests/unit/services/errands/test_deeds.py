import asyncio
import socket
from pathlib import Path

import pytest

from pmrunnerd.model import errand as e
from pmrunnerd.model.source import Wanted
from pmrunnerd.services import marker
from pmrunnerd.services.errands import deeds
from tests.unit.services.parts import git, head, needs_sandbox, repository

RUN = "r1-aaaa"


def test_every_errand_can_be_done() -> None:
    kinds = set(e.ERRANDS) - {e.KeepLogin, e.DropLogin, e.Bring}

    assert set(deeds._DEEDS) == kinds


def test_a_directory_that_is_a_link_is_not_emptied(tmp_path: Path) -> None:
    (tmp_path / RUN).symlink_to("/etc")
    with pytest.raises(OSError, match=r"directory|links"):
        asyncio.run(deeds.do(e.Dispose(directory=str(tmp_path), run=RUN)))


def test_what_a_run_left_is_deleted_and_nothing_once_there_was_enough(tmp_path: Path) -> None:
    (tmp_path / RUN / "agent").mkdir(parents=True)
    (tmp_path / RUN / "agent").chmod(0)
    errand = e.Dispose(directory=str(tmp_path), run=RUN)

    assert not asyncio.run(deeds.do(errand, enough=lambda: True)).all
    assert asyncio.run(deeds.do(errand)).all
    assert list((tmp_path / RUN).iterdir()) == []


def test_a_survey_tells_sizes_strangers_and_what_workspaces_say(tmp_path: Path) -> None:
    runs, here = tmp_path / "runs", repository(tmp_path / "w")
    for name in (RUN, "r2-bbbb"):
        (runs / name).mkdir(parents=True)
    (runs / "strange").touch()
    marker.write(here, marker.Marker(run=RUN, head="0" * 40, branch="main"))
    shut = tmp_path / "shut"
    shut.mkdir()
    (shut / ".git").touch()
    found = asyncio.run(
        deeds.do(
            e.Survey(
                directory=str(runs),
                skip=("r2-bbbb",),
                workspaces={"w1": str(here), "w2": str(shut), "w3": str(tmp_path / "gone")},
            )
        )
    )

    assert [one.run for one in found.measured] == [RUN]
    assert (found.skipped, found.others) == (("r2-bbbb",), ("strange",))
    assert set(found.in_trees) == {RUN, "w2"}


@needs_sandbox
def test_a_workspace_is_examined_probed_made_safe_and_let_go(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    git(here, "update-ref", f"refs/pm-runner/runs/{RUN}", "HEAD")
    path = str(here)

    async def scene() -> None:
        assert (await deeds.do(e.Confine())).ok
        with socket.create_server(("127.0.0.1", 0)) as listening:
            door = f"127.0.0.1:{listening.getsockname()[1]}"
            assert (await deeds.do(e.Confine(doors=(door,)))).doors == (door,)
        assert (await deeds.do(e.Confine(doors=(door,)))).doors == ()
        assert (await deeds.do(e.Examine(path=path))).problem == ""
        assert (await deeds.do(e.Probe(path=path))).problem == ""
        assert (await deeds.do(e.MakeSafe(workspace=path, run=RUN, since=0.0))).where == ""
        assert (await deeds.do(e.LetGo(workspace=path, runs=(RUN,)))).stays == {}

    asyncio.run(scene())
    assert git(here, "for-each-ref", "refs/pm-runner") == ""


def test_a_commit_is_named_and_what_it_holds_is_brought(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    path, made = str(here), head(here)

    async def scene() -> None:
        named = await deeds.do(e.Resolve(workspace=path, name="main", unconfined=True))
        assert named == e.Resolved(commit=made)
        with (tmp_path / "cargo").open("wb") as file:
            wanted = e.Bring(workspace=path, wanted=Wanted.TREE, commit=made, unconfined=True)
            assert await deeds.do(wanted, cargo=file.fileno()) == e.Done()

    asyncio.run(scene())
    assert (tmp_path / "cargo").read_bytes().startswith(f"{made} commit ".encode())


def test_a_nest_is_a_clean_repository_whatever_was_there_before_and_can_be_gone(
    tmp_path: Path,
) -> None:
    place = tmp_path / "some/nest"
    (place / "left").mkdir(parents=True)
    asyncio.run(deeds.do(e.Nest(path=str(place))))

    assert [one.name for one in place.iterdir()] == [".git"]
    assert len(head(place)) == 40
    assert git(place, "status", "--porcelain") == ""
    for _ in range(2):
        asyncio.run(deeds.do(e.Nest(path=str(place), gone=True)))
        assert not place.exists()
