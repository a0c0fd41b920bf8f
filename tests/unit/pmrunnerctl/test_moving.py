import json
import signal

import pytest

from pmrunnerctl.moving import QUIET, Quiet, ask
from pmrunnerd.model import events as ev
from pmrunnerd.model import protocol as p
from pmrunnerd.model import views as v
from pmrunnerd.model.promotions import PromotionState
from tests.fakes.daemon import FakeDaemon, Stream
from tests.unit.pmrunnerctl.conftest import Ctl, program
from tests.unit.pmrunnerctl.moves import ABOUT, AT, OVER, SEAL, STEPS, following, row

ENDS = [
    (ev.PromotionConfirmed(**ABOUT), PromotionState.CONFIRMED, (0, "confirmed")),
    (ev.PromotionRefused(**ABOUT), PromotionState.REFUSED, (10, "refused: it lost a question")),
    (ev.PromotionReturned(**ABOUT), PromotionState.RETURNED, (20, "returned: it lost a question")),
    (ev.PromotionFailed(**ABOUT), PromotionState.FAILED, (30, "failed: it lost a question")),
]


@pytest.mark.parametrize(("last", "state", "how"), ENDS)
def test_how_it_ended_is_the_exit_status(
    ctl: Ctl,
    daemon: FakeDaemon,
    last: ev.AnyEvent,
    state: PromotionState,
    how: tuple[int, str],
) -> None:
    status, said = how
    following(daemon, *STEPS, last, came_to=row(state=state, why="it lost a question"))

    found = ctl("rollback", "--wait")

    assert found.status == status
    assert f"promote x1-4f2a of 1.1-b: {said}\n" in found.out
    failed = state is PromotionState.FAILED
    assert ("sudo systemctl start pm-runner-rollback@prod" in found.out) == failed


def test_why_it_comes_back_is_said_when_it_begins_to(ctl: Ctl, daemon: FakeDaemon) -> None:
    back = ev.PromotionReturning(reason="it crashed", **ABOUT)
    over = ev.PromotionReturned(**ABOUT)
    following(daemon, back, over, came_to=row(state=PromotionState.RETURNED, why="it crashed"))

    assert "  it comes back: it crashed\n" in ctl("rollback", "--wait").out


def test_the_restart_in_the_middle_is_outlasted(ctl: Ctl, daemon: FakeDaemon) -> None:
    following(daemon, came_to=row())
    first = [v.Happening(cursor=8, at=AT, facts=STEPS[:1])]
    rest = [v.Happening(cursor=9, at=AT, facts=(OVER,))]
    daemon.answers[p.Events] = [Stream(first, reason=""), Stream(rest, reason=None)]

    found = ctl("rollback", "--wait", patience="5")

    assert (found.status, found.err) == (0, "")
    since = [one.since for one in daemon.requests() if isinstance(one, p.Events)]
    assert since[1:] == [8]


def test_one_that_has_ended_by_now_is_not_waited_for(ctl: Ctl, daemon: FakeDaemon) -> None:
    following(daemon, came_to=row())
    daemon.answers[p.PromotionShow] = row()
    daemon.answers[p.Events] = Stream([], reason="end")

    assert ctl("rollback", "--wait").status == 0


def test_with_json_each_fact_and_the_whole_are_lines(ctl: Ctl, daemon: FakeDaemon) -> None:
    following(daemon, *STEPS, OVER, came_to=row())

    lines = [json.loads(line) for line in ctl("--json", "rollback", "--wait").out.splitlines()]

    facts = [line["fact"] for line in lines if "fact" in line]
    assert facts == ["promotion-stepped"] * 2 + ["promotion-opened", "promotion-confirmed"]
    assert lines[-1]["promotion"]["state"] == "CONFIRMED"


def test_however_long_an_answer_takes_nobody_is_left_in_doubt_whether_it_has_begun() -> None:
    class Slow:
        place = None

        def client_of(self, place: None, *, answer_within: float | None) -> "Slow":
            assert answer_within is None, "it would be given up"
            return self

        def call(self, request: p.Rollback) -> p.Done:
            return p.Done(id="x1-4f2a")

    assert ask(Slow(), p.Rollback()).id == "x1-4f2a"  # type: ignore[arg-type]


def test_a_long_step_is_spoken_of_from_time_to_time_and_a_short_one_is_not() -> None:
    now, said = [0.0], list[str]()
    quiet = Quiet(said.append, lambda: now[0])

    for at in (QUIET - 1, QUIET, QUIET + 1):
        now[0] = at
        quiet.idle()
    quiet.heard(ev.PromotionStepped(step="healthy", **ABOUT))
    for _ in range(2):
        now[0] += QUIET
        quiet.idle()
    quiet.heard(ev.PromotionReturning(reason="it crashed", **ABOUT))
    quiet.idle()

    assert said == [
        "  20 s: root was asked",
        "  20 s: it answers at both doors; its probation goes on",
        "  40 s: it answers at both doors; its probation goes on",
    ]


def test_ctrl_c_ends_the_watching_and_says_that_it_goes_on_and_how_to_look_again(
    daemon: FakeDaemon,
) -> None:
    following(daemon, *STEPS[-1:], came_to=row())
    with program("--socket", str(daemon.path), "promote", "--approve", SEAL, "--wait") as watching:
        assert watching.stdout is not None
        assert b"promotion has begun" in watching.stdout.readline()
        assert b"on trial" in watching.stdout.readline()
        watching.send_signal(signal.SIGINT)
        _, said = watching.communicate(timeout=180)

    assert watching.returncode == 130
    look = f"pmrunnerctl --socket {daemon.path} promotion show x1-4f2a"
    assert said.decode() == f"\nstopped watching; root goes on with it\n  hint: {look}\n"
