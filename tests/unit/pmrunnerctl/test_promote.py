import contextlib
import json
import os
import subprocess
import sys

import pytest
from msgspec.structs import replace

from pmrunnerd.model import frames
from pmrunnerd.model import protocol as p
from pmrunnerd.model.errors import Code
from tests.fakes.daemon import FakeDaemon
from tests.unit.pmrunnerctl.conftest import Ctl, environment
from tests.unit.pmrunnerctl.moves import OVER, PLAN, SEAL, STEPS, following, row


def refused(code: Code) -> frames.Failed:
    return frames.Failed(
        call=1, code=code, message="cannot promote runner: 2 of 10", hint="git status\nlook"
    )


def test_who_promotes_is_told_what_was_asked_and_how_to_look(ctl: Ctl, daemon: FakeDaemon) -> None:
    daemon.answers[p.Promote] = p.Done(id="x1-4f2a")

    said = ctl("promote", "runner", "--approve", SEAL, "--probation", "30")

    assert said == (
        0,
        "promotion has begun: x1-4f2a\nnext: pmrunnerctl promotion show x1-4f2a\n",
        "",
    )
    assert daemon.requests() == [p.Promote(project="runner", approve=SEAL, probation=30)]


def test_what_an_upgrade_of_the_package_brought_is_promoted_by_its_name(
    ctl: Ctl, daemon: FakeDaemon
) -> None:
    daemon.answers[p.Promote] = p.Done(id="x1-4f2a")

    assert ctl("promote", "--release", "1.1-0123456789ab").status == 0
    assert daemon.requests() == [p.Promote(release="1.1-0123456789ab")]

    wrong = ctl("promote", "--release", "1.1-0123456789ab", "--dry-run")
    assert wrong.status == 2
    assert "hint: pmrunnerctl promote --release 1.1-0123456789ab --wait" in wrong.err


@pytest.mark.parametrize(("code", "status"), [(Code.REFUSED, 10), (Code.CONFLICT, 40)])
def test_what_is_missing_is_said_with_the_statuses_of_promotions(
    ctl: Ctl, daemon: FakeDaemon, code: Code, status: int
) -> None:
    daemon.answers[p.Promote] = refused(code)

    said = ctl("promote")

    assert (said.status, said.out) == (status, "")
    assert said.err.count("hint: ") == 2
    told = json.loads(ctl("--json", "promote").err)
    assert (told["exit"], told["code"]) == (status, code)


def test_what_is_asked_by_who_may_not_ends_as_everywhere(ctl: Ctl, daemon: FakeDaemon) -> None:
    daemon.answers[p.Promote] = refused(Code.FORBIDDEN)

    assert ctl("promote").status == 6


def test_who_waits_sees_it_to_its_end(ctl: Ctl, daemon: FakeDaemon) -> None:
    following(daemon, *STEPS, OVER, came_to=row())

    assert ctl("promote", "--approve", SEAL, "--wait") == (
        0,
        (
            "promotion has begun: x1-4f2a\n"
            "  root looks at all of it once more\n"
            "  polished: by hand\n"
            "  on trial: it comes back unless it proves itself\n"
            "promote x1-4f2a of 1.1-b: confirmed\n"
            "next: pmrunnerctl rollback   # goes back\n"
        ),
        "",
    )


def test_one_in_which_root_fell_silent_is_gone_on_with(ctl: Ctl, daemon: FakeDaemon) -> None:
    following(daemon, OVER, came_to=row())

    assert ctl("promote", "--resume", "--wait").status == 0
    assert p.PromotionResume() in daemon.requests()


def test_a_dry_run_shows_and_asks_for_nothing(ctl: Ctl, daemon: FakeDaemon) -> None:
    daemon.answers[p.PromotionCheck] = PLAN

    said = ctl("promote", "runner", "--dry-run")

    assert said.status == 0
    assert "approval" in said.out
    assert daemon.requests() == [p.PromotionCheck(project="runner", changes=True)]
    daemon.answers[p.PromotionCheck] = replace(PLAN, ready=False)
    assert ctl("promote", "--dry-run").status == 10
    assert ctl("promote", "--dry-run", "--wait").status == 2


def at_a_terminal(daemon: FakeDaemon, typed: bytes, *words: str) -> tuple[int, str]:
    """Let a person type this; return the exit status, and all that they saw."""
    keyboard, terminal = os.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "pmrunnerctl", "--socket", str(daemon.path), "promote", *words],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env=environment(TERM="dumb"),
    ) as running:
        os.close(terminal)
        os.write(keyboard, typed)
        shown = b""
        with contextlib.suppress(OSError):  # the other end is closed
            while chunk := os.read(keyboard, 4096):
                shown += chunk
        os.close(keyboard)
        return running.wait(20), shown.decode().replace("\r\n", "\n")


@pytest.mark.parametrize("word", [b"y\n", b"Yes\n"])
def test_a_person_reads_the_section_and_approves_just_that(daemon: FakeDaemon, word: bytes) -> None:
    daemon.answers[p.PromotionCheck] = PLAN
    daemon.answers[p.Promote] = p.Done(id="x1-4f2a")

    status, shown = at_a_terminal(daemon, word, "runner")

    assert status == 0, shown
    assert f"evidence, hash {SEAL}:\n  ## 5555 All of it\n  \n  I looked.\n" in shown
    assert "approve it, and promote 1.1-b? [y/N] " in shown
    assert daemon.requests()[-1] == p.Promote(project="runner", commit="c" * 40, approve=SEAL)


@pytest.mark.parametrize("word", [b"\n", b"\x04", b"no\n", b"yep\n"])
def test_whoever_says_anything_else_promotes_nothing(daemon: FakeDaemon, word: bytes) -> None:
    daemon.answers[p.PromotionCheck] = PLAN

    status, shown = at_a_terminal(daemon, word)

    assert status == 10
    assert "nothing was changed" in shown
    assert [type(one) for one in daemon.requests()] == [p.PromotionCheck]


def test_who_may_not_promote_is_told_before_anything_is_to_be_approved(daemon: FakeDaemon) -> None:
    daemon.answers[p.PromotionCheck] = replace(PLAN, allowed=False)
    daemon.answers[p.Promote] = refused(Code.FORBIDDEN)

    status, shown = at_a_terminal(daemon, b"y\n")

    assert status == 6
    assert "[y/N]" not in shown
    assert daemon.requests()[-1] == p.Promote()


def test_ctrl_c_instead_of_an_answer_promotes_nothing_and_says_so(daemon: FakeDaemon) -> None:
    daemon.answers[p.PromotionCheck] = PLAN
    keyboard, terminal = os.openpty()
    argv = (sys.executable, "-m", "pmrunnerctl", "--socket", str(daemon.path), "promote")
    with subprocess.Popen(
        ("setsid", "--ctty", "--wait", *argv),
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env=environment(TERM="dumb"),
    ) as running:
        os.close(terminal)
        shown = b""
        while b"[y/N] " not in shown:
            shown += os.read(keyboard, 4096)
        os.write(keyboard, b"\x03")
        with contextlib.suppress(OSError):  # the other end is closed
            while chunk := os.read(keyboard, 4096):
                shown += chunk
        os.close(keyboard)

    assert running.returncode == 10, shown
    assert b"nothing was changed" in shown
    assert [type(one) for one in daemon.requests()] == [p.PromotionCheck]


def test_while_more_is_missing_nobody_is_asked_to_approve(daemon: FakeDaemon) -> None:
    daemon.answers[p.PromotionCheck] = replace(PLAN, ready=False)
    daemon.answers[p.Promote] = refused(Code.REFUSED)

    status, shown = at_a_terminal(daemon, b"y\n")

    assert status == 10
    assert "[y/N]" not in shown
    assert "cannot promote runner: 2 of 10" in shown
