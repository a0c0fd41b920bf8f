import asyncio
import os
import shutil
import time
from pathlib import Path

import pytest

from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.progress import AnyProgress, Asked, Committed, Kept
from pmrunnerd.model.questions import Kind
from pmrunnerd.runhost.settle import settle, unsettled
from pmrunnerd.services import marker, tenancy
from pmrunnerd.services.agents.protocol import Verdict
from pmrunnerd.services.tenancy import Tenancy
from tests.unit.runhost.parts import Book
from tests.unit.services.parts import PATIENCE, RUN, git, hands, head, repository, spec

SUCCESS = Verdict(outcome=Outcome.SUCCEEDED, status=0)


def _take(path: Path) -> Tenancy:
    return asyncio.run(
        tenancy.take(
            hands(path), (), alive=lambda _: False, began=lambda _: None, put_away=lambda *_: None
        )
    )


def _settle(tmp_path: Path, held: Tenancy, verdict: Verdict) -> tuple[Verdict, list[AnyProgress]]:
    book = Book(tmp_path / "run")
    final = asyncio.run(settle(held, verdict, spec(tmp_path / "w"), book.report))
    held.close()
    return final, book.read()


def test_success_with_changes_is_a_commit(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    held = _take(here)
    (here / "new").touch()
    final, said = _settle(tmp_path, held, SUCCESS)

    assert final == SUCCESS
    assert [type(progress) for progress in said] == [Committed]
    assert git(here, "log", "-1", "--format=%s").strip() == "do it"
    assert marker.read(here) is None


def test_success_without_changes_says_nothing(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")

    assert _settle(tmp_path, _take(here), SUCCESS) == (SUCCESS, [])
    assert marker.read(here) is None


@pytest.mark.parametrize(
    "outcome",
    [Outcome.FAILED, Outcome.ASKED, Outcome.INTERRUPTED, Outcome.TIMED_OUT, Outcome.STALLED],
)
def test_any_other_end_keeps_what_was_done_and_goes_back(tmp_path: Path, outcome: Outcome) -> None:
    here = repository(tmp_path / "w")
    before = head(here)
    held = _take(here)
    (here / "new").touch()
    final, said = _settle(tmp_path, held, Verdict(outcome=outcome, reason="why"))

    assert (final.outcome, final.reason) == (outcome, "why")
    assert isinstance(said[0], Kept)
    assert (said[0].ref, said[0].files) == (f"refs/pm-runner/runs/{RUN}", 1)
    assert not (here / "new").exists()
    assert head(here) == before
    assert marker.read(here) is None


def test_success_under_a_head_that_somebody_moved_is_kept_and_a_person_is_asked(
    tmp_path: Path,
) -> None:
    here = repository(tmp_path / "w")
    held = _take(here)
    (here / "new").touch()
    git(here, "commit", "--quiet", "--allow-empty", "-m", "mine")
    final, said = _settle(tmp_path, held, SUCCESS)

    assert final.outcome is Outcome.ASKED
    assert final.reason.startswith("HEAD moved")
    kept, asked = said
    assert isinstance(kept, Kept)
    assert isinstance(asked, Asked)
    assert (asked.kind, asked.options) == (Kind.HEAD, ("begin anew", "cancel the task"))
    assert asked.text.startswith(f"{final.reason}. What it did is kept as {kept.ref}.")
    assert git(here, "log", "-1", "--format=%s").strip() == "mine"
    assert git(here, "status", "--porcelain") == ""


def test_a_history_that_the_run_itself_rewrote_is_its_failure_and_nobody_is_asked(
    tmp_path: Path,
) -> None:
    here = repository(tmp_path / "w")
    held = _take(here)
    asyncio.run(hands(here)("switch", "--quiet", "--create", "elsewhere"))
    final, said = _settle(tmp_path, held, SUCCESS)

    assert final.outcome is Outcome.FAILED
    assert final.reason.startswith("HEAD moved")
    assert not any(isinstance(progress, Asked) for progress in said)


def test_success_with_a_repository_inside_is_a_failure_and_nothing_is_lost(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    held = _take(here)
    repository(here / "inner")
    (here / "new").touch()
    final, said = _settle(tmp_path, held, SUCCESS)

    assert final.outcome is Outcome.FAILED
    assert "cannot commit inner: it is a git repository of its own" in final.reason
    assert isinstance(said[0], Kept)
    assert (here / said[0].aside / "inner/kept.txt").exists()
    assert git(here, "status", "--porcelain") == ""


def test_what_cannot_be_put_away_stays_with_the_note_that_says_whose_it_is(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    held = _take(here)
    (here / "new").touch()
    shutil.rmtree(here / ".git/objects")
    final, said = _settle(tmp_path, held, Verdict(outcome=Outcome.FAILED, reason="why"))

    assert final.reason.startswith(
        f"why; what it left stays there: cannot work in {here}: its .git has no commit any more"
    )
    assert said == []
    assert (here / "new").exists()
    note = marker.read(here)
    assert note is not None
    assert (note.run, note.head) == (RUN, held.began.head)


@pytest.mark.parametrize("verdict", [SUCCESS, Verdict(outcome=Outcome.ASKED, reason="W?")])
def test_where_git_takes_too_long_nobody_waits_for_it_a_second_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verdict: Verdict
) -> None:
    here = repository(tmp_path / "w")
    held = _take(here)
    os.mkfifo(tmp_path / "pipe")
    # By a configuration of a person's, whose pipe it is then.
    git(here, "config", "mailmap.file", str(tmp_path / "pipe"))
    (here / "new").touch()
    git(here, "commit", "--quiet", "--allow-empty", "-m", "theirs")
    monkeypatch.setattr("pmrunnerd.services.git._TOTAL", 1.0)
    began = time.monotonic()
    final, said = _settle(tmp_path, held, verdict)

    assert time.monotonic() - began < PATIENCE
    assert final.outcome is (Outcome.FAILED if verdict is SUCCESS else Outcome.ASKED)
    assert "it took longer than 1 s; what it left stays there, and the next run" in final.reason
    assert said == []
    assert marker.read(here) is not None


def test_why_a_run_ended_is_not_told_a_second_time_where_its_work_stays() -> None:
    told = Verdict(outcome=Outcome.INTERRUPTED, reason="it was told to stop")
    stays = unsettled(told, Outcome.INTERRUPTED, "it was told to stop")

    left = "what it left stays there, and the next run puts it away"
    assert stays.reason == f"it was told to stop; {left}"
    assert unsettled(SUCCESS, Outcome.FAILED, "git is slow").reason == f"git is slow; {left}"


def test_a_git_directory_that_the_run_destroyed_is_told_and_not_followed(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    held = _take(here)
    (here / ".git").rename(tmp_path / "stolen")
    (here / ".git").symlink_to(tmp_path / "stolen")
    final, _ = _settle(tmp_path, held, SUCCESS)

    assert final.outcome is Outcome.FAILED
    assert "no directory any more" in final.reason or "cannot" in final.reason


def test_a_question_about_work_that_somebody_committed_gives_way_to_ours(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    held = _take(here)
    git(here, "commit", "--quiet", "--allow-empty", "-m", f"x\n\nPM-Runner-Run: {RUN}")
    (here / "new").touch()
    final, said = _settle(tmp_path, held, Verdict(outcome=Outcome.ASKED))

    assert final.outcome is Outcome.ASKED
    assert final.reason.startswith("HEAD moved while it ran")
    assert [type(progress) for progress in said] == [Kept, Asked]


def test_who_changed_nothing_under_a_moved_head_is_told_so(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    held = _take(here)
    git(here, "commit", "--quiet", "--allow-empty", "-m", "mine")
    _, said = _settle(tmp_path, held, SUCCESS)

    (asked,) = said
    assert isinstance(asked, Asked)
    assert "It had changed nothing. Begin anew" in asked.text
