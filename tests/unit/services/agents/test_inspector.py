"""Work is compared with what is said of it, in a real repository."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from pmrunnerd.services.agents.inspector import Inspector
from pmrunnerd.services.agents.protocol import Job
from pmrunnerd.services.agents.review import Result
from pmrunnerd.services.cell import NONE, Reach
from pmrunnerd.services.git import GitFailed
from pmrunnerd.services.unconfined import Stray, Unconfined
from tests.unit.services.agents.parts import session_spec as spec
from tests.unit.services.parts import RUN, head, repository, unconfined


def look(workspace: Path, *claimed: str, promised: tuple[str, ...] = ()) -> tuple[str, ...]:
    job = Job(
        spec=spec(workspace=str(workspace), files=promised),
        cell=unconfined(workspace),
        directory=workspace,
        environment={},
        head=head(workspace),
    )
    return asyncio.run(Inspector(job).look(Result("done", claimed)))


class Doomed(Unconfined):
    """A cell in which every command is killed."""

    async def start(
        self, command: Sequence[str], environment: Mapping[str, str], reach: Reach = NONE
    ) -> Stray:
        del command
        return await super().start(["sh", "-c", "kill -9 $$"], environment, reach)


def test_that_nobody_can_look_is_told_in_words(tmp_path: Path) -> None:
    workspace = repository(tmp_path / "workspace")
    cell = Doomed(workspace, workspace, RUN, below=False)
    job = Job(spec=spec(workspace=str(workspace)), cell=cell, directory=tmp_path, environment={})
    with pytest.raises(GitFailed, match=r"files that it names: signal 9 ended it\Z"):
        asyncio.run(Inspector(job).look(Result("done", ("new",))))


def test_a_file_that_is_there_was_not_made_up(tmp_path: Path) -> None:
    workspace = repository(tmp_path / "workspace")
    (workspace / "new").write_text("x\n")

    assert look(workspace, "new", f"{workspace}/kept.txt") == ()


def test_a_file_that_is_not_there_is_found_and_one_of_another_place_too(tmp_path: Path) -> None:
    workspace = repository(tmp_path / "workspace")

    found = look(workspace, "missing", "../nowhere", "-e")

    assert [line.partition(" ")[0] for line in found] == ["missing", "../nowhere", "-e"]


def test_what_is_no_path_is_found_and_not_looked_for(tmp_path: Path) -> None:
    workspace = repository(tmp_path / "workspace")

    found = look(workspace, "a\0b", "x" * 200_000, "d/" * 3000, "", "a\nb")

    assert [line.rpartition(", and ")[2] for line in found] == [*["is no path"] * 4, "is not there"]
    assert max(map(len, found)) < 300


def test_of_very_many_claims_none_that_is_there_is_found(tmp_path: Path) -> None:
    workspace = repository(tmp_path / "workspace")
    names = [f"f{number}" for number in range(1000)]
    for name in names:
        (workspace / name).touch()

    assert look(workspace, *names) == ()


def test_nothing_changed_where_something_was_promised_is_found(tmp_path: Path) -> None:
    workspace = repository(tmp_path / "workspace")

    assert look(workspace, promised=("new",)) == (
        "nothing was changed, where the plan expects new to be",
    )
