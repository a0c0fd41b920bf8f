import json

import pytest
from msgspec.structs import replace

from pmrunnerd.model import frames
from pmrunnerd.model import protocol as p
from pmrunnerd.model import views as v
from pmrunnerd.model.errors import Code
from pmrunnerd.model.gates import Gating, GatingState
from tests.fakes.daemon import FakeDaemon, Stream
from tests.unit.pmrunnerctl import trials
from tests.unit.pmrunnerctl.conftest import Ctl

PIECES = [v.LogPiece(cursor=4, text="one\n"), v.LogPiece(cursor=14, text="\x1b[31mtwo\x07")]
NONE = frames.Failed(call=0, code=Code.NOT_FOUND, message="cannot show it: nothing was to be done")


def answer(daemon: FakeDaemon, state: GatingState, reason: str = "", **row: bool) -> None:
    gating = Gating(id="g1", project="w1", state=state, preparing=True, reason=reason)
    shown = replace(trials.row(), preparing=True, **row)
    daemon.answers[p.GatePrepare] = p.Done(id="g1")
    daemon.answers[p.GateShow] = v.GateView(row=shown, run=gating)
    daemon.answers[p.GateSeen] = p.Done(id="g1")


def test_a_log_goes_into_a_pipe_as_it_is(ctl: Ctl, daemon: FakeDaemon) -> None:
    daemon.answers[p.GateLog] = Stream(PIECES)

    assert ctl("gate", "log", "g1", "unit") == (0, "one\n\x1b[31mtwo\x07", "")
    assert daemon.requests() == [p.GateLog(run="g1", gate="unit")]
    lines = ctl("--json", "gate", "log", "g1").out.splitlines()
    assert [json.loads(line)["cursor"] for line in lines] == [4, 14]


@pytest.mark.parametrize(("gate", "status"), [("lint", 0), ("unit", 8), ("lab", 8), ("", 0)])
def test_who_follows_a_log_ends_as_its_gate(
    ctl: Ctl, daemon: FakeDaemon, gate: str, status: int
) -> None:
    daemon.answers[p.GateLog] = Stream(PIECES[:1])
    daemon.answers[p.GateShow] = trials.view()

    assert ctl("gate", "log", "g1", *([gate] if gate else []), "-f").status == status


def test_where_there_is_no_log_the_status_says_so(ctl: Ctl, daemon: FakeDaemon) -> None:
    daemon.answers[p.GateLog] = NONE

    assert ctl("gate", "log", "g1", "lint") == (
        3,
        "",
        "pmrunnerctl: cannot show it: nothing was to be done\n",
    )


def test_who_prepares_sees_what_it_prints_and_what_comes_next(ctl: Ctl, daemon: FakeDaemon) -> None:
    answer(daemon, GatingState.ENDED)
    daemon.answers[p.GateLog] = Stream(PIECES[:1])

    assert ctl("gate", "prepare", "demo", "main~1") == (
        0,
        (
            "gate run g1 of demo prepares what its gates need\none\n"
            "all that its gates need is there\nnext: pmrunnerctl gate run demo --all\n"
        ),
        "",
    )
    assert daemon.requests() == [
        p.GatePrepare(project="demo", commit="main~1"),
        p.GateLog(run="g1", follow=True),
        p.GateShow(run="g1"),
    ]


def test_what_is_there_already_is_not_made_again(ctl: Ctl, daemon: FakeDaemon) -> None:
    answer(daemon, GatingState.ENDED)
    daemon.answers[p.GateLog] = NONE

    assert "\nall was there already\n" in ctl("gate", "prepare", "demo").out


def test_what_could_not_be_prepared_is_said_and_known_to_have_been_seen(
    ctl: Ctl, daemon: FakeDaemon
) -> None:
    answer(daemon, GatingState.REFUSED, "cannot prepare\n[gates-prepare]", passed=False)
    daemon.answers[p.GateLog] = NONE

    ended = ctl("gate", "prepare", "demo")
    assert ended.status == 8
    assert "cannot prepare\n[gates-prepare]\nnext: pmrunnerctl gate show g1\n" in ended.out
    assert daemon.requests()[-1] == p.GateSeen(run="g1")


def test_who_does_not_wait_for_it_is_told_where_to_look(ctl: Ctl, daemon: FakeDaemon) -> None:
    answer(daemon, GatingState.QUEUED)

    assert ctl("gate", "prepare", "demo", "--detach").out == (
        "gate run g1 of demo prepares what its gates need\nnext: pmrunnerctl gate log g1 -f\n"
    )
