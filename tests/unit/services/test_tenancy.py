import asyncio
import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from pmrunnerd.services import marker, tenancy
from pmrunnerd.services.commits import NestedRepository
from pmrunnerd.services.git import Git
from pmrunnerd.services.holding import Held
from pmrunnerd.services.keeping import Keeping
from pmrunnerd.services.marker import Marker
from pmrunnerd.services.tenancy import Finished, HeadMoved, Tenancy
from tests.unit.services.parts import RUN, descriptors, git, hands, head, repository

DEAD = f"r0-{os.getpid():08x}"
STRANGER = "r9-aaaaaaaa"
BEGAN = time.time()
TRAILERS = (("PM-Runner-Task", "t1"), ("PM-Runner-Run", RUN))


def _take(
    path: Path,
    *,
    earlier: Sequence[str] = (),
    alive: Sequence[str] = (),
    told: list[tuple[str, Keeping | None]] | None = None,
) -> Tenancy:
    put_away = [] if told is None else told
    return asyncio.run(
        tenancy.take(
            hands(path),
            earlier,
            alive=lambda run: run in alive,
            began=lambda run: None if run in {RUN, STRANGER} else BEGAN,
            put_away=lambda dead, kept: put_away.append((dead.run, kept)),
        )
    )


def _dead(path: Path) -> None:
    marker.write(path, Marker(run=DEAD, head=head(path), branch="main"))


def test_a_taken_workspace_has_a_note_and_a_left_one_has_none(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    held = _take(here)
    note = marker.read(here)
    assert note is not None
    assert (note.run, note.head, note.branch) == (RUN, head(here), "main")

    held.leave()
    assert marker.read(here) is None


def test_a_workspace_has_one_run_at_a_time(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    held = _take(here)
    with pytest.raises(Held, match="another run has it"):
        _take(here)
    held.leave()
    _take(here).leave()


def test_a_workspace_of_a_run_that_lives_elsewhere_is_not_touched(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    _dead(here)
    (here / "half").touch()
    with pytest.raises(Held, match=f"run {DEAD} has the workspace"):
        _take(here, alive=[DEAD])
    assert (here / "half").exists()


def test_what_is_there_is_a_person_s_where_nobody_knows_the_run_of_the_note(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    marker.write(here, Marker(run=STRANGER, head=head(here), branch="main"))
    inner = repository(here / "ignored/clone")
    (here / "draft.txt").write_text("mine\n")
    with pytest.raises(Held, match=rf"commit or stash them: draft\.txt \(.* run {STRANGER}"):
        _take(here)
    assert (here / "draft.txt").read_text() == "mine\n"

    (here / "draft.txt").unlink()
    _take(here).leave()
    assert (inner / ".git").exists()
    assert not git(here, "for-each-ref", "refs/pm-runner")


def test_a_person_s_changes_hold_the_run_and_stay_untouched(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    (here / "draft.txt").write_text("mine\n")
    with pytest.raises(Held, match=r"draft\.txt"):
        _take(here)

    assert (here / "draft.txt").read_text() == "mine\n"
    assert marker.read(here) is None
    git(here, "stash", "--include-untracked")
    _take(here).leave()


def test_what_a_dead_run_left_is_put_away_first_and_said(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    _dead(here)
    (here / "half").touch()
    told: list[tuple[str, Keeping | None]] = []
    held = _take(here, told=told)

    ref = f"refs/pm-runner/runs/{DEAD}"
    assert told == [(DEAD, Keeping(ref=ref, files=1))]
    assert not (here / "half").exists()
    assert held.began.run == RUN
    held.leave()


def test_what_a_dead_run_left_running_is_ended_before_anything_is_put_away(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    _dead(here)
    environment = {"PATH": os.environ["PATH"], "PM_RUNNER_RUN": DEAD}
    with subprocess.Popen(["sleep", "1000"], env=environment) as orphan:
        _take(here).leave()
        assert orphan.wait(20) == -9


def test_work_that_an_earlier_run_had_finished_is_not_done_again(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    _dead(here)
    (here / "done").touch()
    old = Git(hands(here).cell, DEAD)
    asyncio.run(old("add", "--all"))
    asyncio.run(old("commit", "--quiet", "-m", f"done\n\nPM-Runner-Run: {DEAD}"))

    with pytest.raises(Finished) as finished:
        _take(here, earlier=[DEAD])
    assert (finished.value.commit.id, finished.value.commit.run) == (head(here), DEAD)
    assert marker.read(here) is None
    # And the workspace is free for the next one.
    _take(here).leave()


def test_an_earlier_run_s_own_commits_are_not_its_finished_work(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    _dead(here)
    began = head(here)
    asyncio.run(Git(hands(here).cell, DEAD)("commit", "--allow-empty", "-m", "half"))
    _take(here, earlier=[DEAD]).leave()

    assert head(here) == began


def test_changes_become_one_commit_with_all_trailers(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    held = _take(here)
    (here / "new").touch()
    commit = asyncio.run(held.finish("do it", TRAILERS))

    assert commit is not None
    assert (commit.id, commit.subject, commit.files) == (head(here), "do it", 1)
    assert f"PM-Runner-Run: {RUN}" in git(here, "log", "-1", "--format=%b")
    held.leave()


def test_a_commit_names_its_run_even_if_nobody_said_so(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    held = _take(here)
    (here / "new").touch()
    asyncio.run(held.finish("do it", ()))

    assert f"PM-Runner-Run: {RUN}" in git(here, "log", "-1", "--format=%b")
    held.leave()


def test_no_change_makes_no_commit(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    before = head(here)
    held = _take(here)

    assert asyncio.run(held.finish("do it", TRAILERS)) is None
    assert head(here) == before
    held.leave()


def test_the_run_s_own_commits_are_fine_with_and_without_more(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    held = _take(here)
    (here / "one").touch()
    asyncio.run(hands(here)("add", "--all"))
    asyncio.run(hands(here)("commit", "--quiet", "-m", "own"))
    commit = asyncio.run(held.finish("do it", TRAILERS))
    assert commit is not None
    assert (commit.subject, commit.files) == ("own", 1)

    (here / "two").touch()
    commit = asyncio.run(held.finish("do it", TRAILERS))
    assert commit is not None
    assert (commit.subject, commit.files) == ("do it", 2)
    held.leave()


def test_a_commit_of_somebody_else_stops_ours(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    held = _take(here)
    (here / "new").touch()
    git(here, "commit", "--quiet", "--allow-empty", "-m", "mine")
    with pytest.raises(HeadMoved, match="HEAD moved while it ran"):
        asyncio.run(held.finish("do it", TRAILERS))

    assert git(here, "log", "--format=%s").splitlines() == ["mine", "start"]
    assert (here / "new").exists()
    held.leave()


def test_a_repository_inside_stops_the_commit(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    held = _take(here)
    repository(here / "inner")
    with pytest.raises(NestedRepository):
        asyncio.run(held.finish("do it", TRAILERS))
    held.close()


@pytest.mark.parametrize("what", ["no repository", "nothing"])
def test_a_workspace_that_cannot_be_used_is_a_person_s_to_mend(tmp_path: Path, what: str) -> None:
    here = tmp_path / "w"
    if what == "no repository":
        here.mkdir()
    with pytest.raises(Held, match="cannot"):
        _take(here)


def test_a_run_that_could_not_take_it_leaves_no_lock_behind(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    (here / "draft").touch()
    before = descriptors()
    with pytest.raises(Held):
        _take(here)

    assert descriptors() == before


def test_somebody_else_s_commit_is_noticed_before_anybody_is_asked(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    held = _take(here)
    asyncio.run(held.check())
    git(here, "commit", "--quiet", "--allow-empty", "-m", "mine")
    with pytest.raises(HeadMoved, match="HEAD moved while it ran"):
        asyncio.run(held.check())
    held.leave()
