import json

import pytest

from pmrunnerd.model import events as ev
from pmrunnerd.model import protocol as p
from pmrunnerd.model import views as v
from pmrunnerd.model.promotions import PromotionState
from tests.fakes.daemon import FakeDaemon, Stream
from tests.unit.pmrunnerctl.conftest import Ctl
from tests.unit.pmrunnerctl.moves import ABOUT, AT, OVER, STEPS, following, row

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
