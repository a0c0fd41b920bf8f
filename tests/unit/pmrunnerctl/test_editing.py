import re
import sys
from pathlib import Path

import pytest

from pmrunnerctl import planform
from pmrunnerd.model import frames
from pmrunnerd.model import protocol as p
from pmrunnerd.model import views as v
from pmrunnerd.model.entities import PlanState, TaskState
from pmrunnerd.model.errors import Code
from tests.fakes.daemon import HANG_UP, FakeDaemon
from tests.unit.pmrunnerctl import samples
from tests.unit.pmrunnerctl.conftest import Ctl, Ended


def view(state: PlanState = PlanState.AWAITING_APPROVAL) -> v.PlanView:
    row = v.TaskRow(task=samples.task(state=TaskState.QUEUED), alias="demo", waits="")
    plan = samples.plan(state=state)
    return v.PlanView(plan=plan, alias="demo", message="make", tasks=(row,))


def failed(code: Code, message: str) -> frames.Failed:
    return frames.Failed(call=0, code=code, message=message, hint="pmrunnerctl plan edit p3")


@pytest.fixture(autouse=True)
def _answers(daemon: FakeDaemon, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    daemon.answers[p.PlanShow] = view()
    daemon.answers[p.PlanEdit] = p.Done(id="p3")
    (tmp_path / "drafts").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "drafts"))
    monkeypatch.setattr("tempfile.tempdir", None)


@pytest.fixture
def by_hand(ctl: Ctl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "ByHand":
    return ByHand(ctl, tmp_path, monkeypatch)


class ByHand:
    """Somebody with an editor, which does one thing each time it is opened, and then nothing."""

    def __init__(self, ctl: Ctl, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._ctl = ctl
        self._directory = directory
        self._monkeypatch = monkeypatch
        self.seen = directory / "seen"

    def edits(self, *steps: tuple[str, str]) -> Ended:
        """Replace the first text of each step by the second."""
        editor = self._directory / "editor"
        editor.write_text(
            f"#!{sys.executable}\nimport sys, pathlib\n"
            f"steps, seen = {steps!r}, pathlib.Path({str(self.seen)!r})\n"
            "seen.mkdir(exist_ok=True)\n"
            "opened = len(list(seen.iterdir()))\n"
            "path = pathlib.Path(sys.argv[1])\n"
            "text = path.read_text()\n"
            "(seen / str(opened)).write_text(text)\n"
            "if opened < len(steps):\n    path.write_text(text.replace(*steps[opened]))\n"
        )
        editor.chmod(0o755)
        self._monkeypatch.setenv("VISUAL", str(editor))
        return self._ctl("plan", "edit", "p3")

    def opened(self) -> list[str]:
        return [(self.seen / str(n)).read_text() for n in range(len(list(self.seen.iterdir())))]

    def drafts(self) -> list[Path]:
        return list((self._directory / "drafts").iterdir())


def edits(daemon: FakeDaemon) -> list[p.PlanEdit]:
    return [request for request in daemon.requests() if isinstance(request, p.PlanEdit)]


def test_a_plan_that_does_not_wait_is_refused_before_anybody_writes_a_word(
    by_hand: ByHand, daemon: FakeDaemon
) -> None:
    daemon.answers[p.PlanShow] = view(PlanState.ACTIVE)
    ended = by_hand.edits()
    assert (ended.status, ended.err.splitlines()[0]) == (
        4,
        "pmrunnerctl: cannot edit plan p3: it is ACTIVE",
    )
    assert not by_hand.seen.exists()


def test_a_daemon_that_is_away_leaves_what_was_written_and_says_where(
    by_hand: ByHand, daemon: FakeDaemon
) -> None:
    daemon.answers[p.PlanEdit] = HANG_UP
    ended = by_hand.edits(("make test", "make check"))
    assert ended.status != 0
    (draft,) = by_hand.drafts()
    assert f"what you wrote is kept: pmrunnerctl plan edit p3 --file {draft}\n" in ended.err
    assert "make check" in draft.read_text()


def test_what_somebody_else_edited_meanwhile_is_not_written_over_and_nothing_is_lost(
    by_hand: ByHand, daemon: FakeDaemon
) -> None:
    daemon.answers[p.PlanEdit] = failed(Code.CONFLICT, "cannot edit plan p3: somebody has")
    ended = by_hand.edits(("make test", "make check"))
    assert ended.status == 4
    assert len(by_hand.opened()) == 1
    assert "make check" in by_hand.drafts()[0].read_text()


def test_what_is_wrong_is_shown_with_what_was_written_until_it_is_right(
    by_hand: ByHand, daemon: FakeDaemon
) -> None:
    wrong = failed(Code.BAD_REQUEST, "cannot edit plan p3: task build needs lint, which is not")
    daemon.answers[p.PlanEdit] = [wrong, p.Done(id="p3")]
    ended = by_hand.edits(
        ("needs = []", 'needs = ["lint"]'), ('["lint"]', "no toml"), ("no toml", "[]")
    )
    # The third time it is as it was to begin with.
    assert ended.status == 0
    assert re.match(
        r"cannot edit plan p3: task build needs lint, which is not; it is opened again\n"
        r"cannot read the plan: invalid value .*; it is opened again\nplan p3 is as it was\n",
        ended.err,
    )
    first, second, third = by_hand.opened()
    assert not first.startswith("#!")
    assert second.startswith("#! cannot edit plan p3: task build needs lint, which is not\n")
    assert 'needs = ["lint"]' in second
    assert third.startswith("#! cannot read the plan: invalid value (at line ")
    assert "needs = no toml" in third
    assert not by_hand.drafts()


def test_what_is_put_right_is_sent(by_hand: ByHand, daemon: FakeDaemon) -> None:
    ended = by_hand.edits(("text = ", "texts = "), ("texts = '''\nmake", "text = '''\nmake -j2"))
    assert ended.out == "edited plan p3\nnext: pmrunnerctl plan approve p3\n"
    (sent,) = edits(daemon)
    assert (sent.edits, sent.tasks[0].text) == (0, "make -j2\nmake test")
    assert not by_hand.drafts()


def test_who_leaves_a_complaint_as_it_is_ends_with_it(by_hand: ByHand, daemon: FakeDaemon) -> None:
    ended = by_hand.edits(("text = ", "texts = "))
    assert ended.status == 2
    assert "cannot read the plan: task 1 has " in ended.err
    assert len(by_hand.opened()) == 2
    assert "texts = " in by_hand.drafts()[0].read_text()
    assert not edits(daemon)


def test_an_editor_that_never_writes_a_plan_is_opened_a_few_times_and_told_why_each_time(
    by_hand: ByHand, daemon: FakeDaemon
) -> None:
    ended = by_hand.edits(*(("#", f"no toml {n}\n#") for n in range(50)))
    assert ended.status == 2
    assert len(by_hand.opened()) == 5
    assert ended.err.count("cannot read the plan: ") == 5
    assert "what you wrote is kept: pmrunnerctl plan edit p3 --file " in ended.err
    assert not edits(daemon)


def test_a_plan_that_is_left_as_it_is_or_emptied_is_not_changed(
    by_hand: ByHand, daemon: FakeDaemon
) -> None:
    assert by_hand.edits().err == "plan p3 is as it was\n"
    assert not edits(daemon)
    assert not by_hand.drafts()


@pytest.mark.parametrize(
    ("does", "why", "kept"),
    [
        ("""printf '\\351t\\351 # title\\n' >> "$1\"""", "it is not UTF-8", True),
        ('rm "$1"', "no such file or directory", False),
        ('rm "$1"; mkdir "$1"', "is a directory", False),
    ],
    ids=["Latin-1", "removed", "a directory"],
)
def test_what_an_editor_saved_that_cannot_be_read_is_said_and_kept_where_it_is_something(  # noqa: PLR0913 - what is done, and what comes of it
    ctl: Ctl,
    tmp_path: Path,
    daemon: FakeDaemon,
    monkeypatch: pytest.MonkeyPatch,
    *,
    does: str,
    why: str,
    kept: bool,
) -> None:
    editor = tmp_path / "editor"
    editor.write_text(f"#!/bin/sh\n{does}\n")
    editor.chmod(0o755)
    monkeypatch.setenv("VISUAL", str(editor))
    ended = ctl("plan", "edit", "p3")

    assert ended.status == 2
    assert f"pmrunnerctl: cannot read what the editor saved: {why}\n" in ended.err
    assert ("what you wrote is kept" in ended.err) == kept
    assert ("| pmrunnerctl plan edit p3 --file -\n" in ended.err) == kept
    assert not edits(daemon)


def test_a_text_of_another_plan_and_a_file_that_is_not_there_are_refused(
    ctl: Ctl, tmp_path: Path, daemon: FakeDaemon
) -> None:
    file = tmp_path / "plan.toml"
    missing = ctl("plan", "edit", "p3", "--file", str(file))
    assert re.match(r"pmrunnerctl: cannot read .*: no such file or directory\n", missing.err)
    file.write_text(planform.written(view()))
    other = ctl("plan", "edit", "p4", "--file", str(file))
    assert "FILE stands for the name of a file" in ctl("plan", "edit", "p3", "--file", "FILE").err
    assert (other.status, other.err.splitlines()[0]) == (
        2,
        "pmrunnerctl: cannot edit plan p4: the text is of plan p3",
    )
    file.write_bytes(b"\xff")
    assert "it is not UTF-8" in ctl("plan", "edit", "p3", "--file", str(file)).err
    assert not edits(daemon)
