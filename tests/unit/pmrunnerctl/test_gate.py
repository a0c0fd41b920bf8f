import json

import msgspec
import pytest

from pmrunnerd.model import events as ev
from pmrunnerd.model import protocol as p
from pmrunnerd.model import views as v
from pmrunnerd.model.gates import GatingState
from tests.fakes.daemon import FakeDaemon, Stream
from tests.unit.pmrunnerctl import samples, trials
from tests.unit.pmrunnerctl.conftest import Ctl
from tests.unit.rules.gates import tries

AT = "2026-11-24T11:30:05.000Z"
OTHER = ev.GateRunEnded(gate_run="g9", project="w1", ended=1.0)


def following(daemon: FakeDaemon, *facts: ev.AnyEvent) -> None:
    """Have a gate run of three gates begin, and these facts happen of it and of others."""
    daemon.answers[p.Status] = samples.overview()
    daemon.answers[p.GateRun] = p.Done(id="g1")
    happenings = [v.Happening(cursor=n, at=AT, facts=(fact,)) for n, fact in enumerate(facts, 8)]
    daemon.answers[p.Events] = Stream(happenings, reason=None)


def test_who_runs_gates_sees_each_of_them_end_and_ends_as_they_did(
    ctl: Ctl, daemon: FakeDaemon
) -> None:
    good = tries.ended("lint", why="exit status 0")
    following(daemon, OTHER, tries.STARTED, tries.begun("lint"), good, tries.OVER)
    daemon.answers[p.GateShow] = v.GateView(row=trials.row(), run=trials.view().run)

    assert ctl("gate", "run", "demo", "--all") == (
        0,
        (
            "gate run g1 of demo\n3 gates of commit cccccccccccc, source 555555555555\n"
            "  lint: started\n  lint: passed, 2 s: exit status 0\n"
            "gate run g1: 3 of 3 passed\nnext: pmrunnerctl gate show g1\n"
        ),
        "",
    )
    since = samples.overview().durable
    assert daemon.requests() == [
        p.Status(),
        p.GateRun(project="demo"),
        p.Events(project="demo", since=since, follow=True),
        p.GateShow(run="g1"),
    ]


@pytest.mark.parametrize("last", [tries.OVER, tries.REFUSED, tries.CANCELLED, tries.INTERRUPTED])
def test_a_gate_run_that_did_not_pass_ended_badly_however_it_ended(
    ctl: Ctl, daemon: FakeDaemon, last: ev.AnyEvent
) -> None:
    following(daemon, last)
    daemon.answers[p.GateShow] = v.GateView(row=trials.row(passed=False), run=trials.view().run)
    daemon.answers[p.GateSeen] = p.Done(id="g1")

    assert ctl("gate", "run", "demo", "unit", "lint", "--commit", "main~1").status == 8
    assert daemon.requests()[-1] == p.GateSeen(run="g1"), "it need not wait in the inbox"
    assert p.GateRun(project="demo", gates=("unit", "lint"), commit="main~1") in daemon.requests()


def test_why_a_gate_run_was_refused_is_said_once(ctl: Ctl, daemon: FakeDaemon) -> None:
    following(daemon, tries.REFUSED)
    run = msgspec.structs.replace(
        trials.view().run, state=GatingState.REFUSED, reason=tries.REFUSED.reason
    )
    daemon.answers[p.GateShow] = v.GateView(row=trials.row(passed=False), run=run)
    daemon.answers[p.GateSeen] = p.Done(id="g1")

    said = ctl("gate", "run", "demo", "--all").out
    assert said.count(tries.REFUSED.reason) == 1
    assert "gate run g1: refused\n" in said


def test_with_json_each_fact_and_the_whole_are_lines(ctl: Ctl, daemon: FakeDaemon) -> None:
    following(daemon, tries.STARTED, OTHER, tries.OVER)
    daemon.answers[p.GateShow] = v.GateView(row=trials.row(), run=trials.view().run)

    lines = [
        json.loads(line) for line in ctl("gate", "run", "demo", "--all", "--json").out.splitlines()
    ]

    assert lines[0] == {"id": "g1"}
    assert [line["fact"] for line in lines[1:3]] == ["gate-run-started", "gate-run-ended"]
    assert lines[3]["run"]["record"]["gates"]["gates"][0]["name"] == "lint"


def test_who_does_not_wait_is_told_where_to_look(ctl: Ctl, daemon: FakeDaemon) -> None:
    daemon.answers[p.GateRun] = p.Done(id="g1")

    assert ctl("gate", "run", "demo", "--all", "--detach") == (
        0,
        "gate run g1 of demo\nnext: pmrunnerctl gate show g1\n",
        "",
    )
    assert daemon.requests() == [p.GateRun(project="demo")]


@pytest.mark.parametrize("words", [(), ("unit", "--all")])
def test_which_gates_are_meant_has_to_be_said_and_once(
    ctl: Ctl, daemon: FakeDaemon, words: tuple[str, ...]
) -> None:
    ended = ctl("gate", "run", "demo", *words)

    assert ended.status == 2
    assert "hint: pmrunnerctl gate run demo --all" in ended.err
    assert daemon.requests() == []


def test_gate_runs_are_listed_and_without_any_the_first_is_proposed(
    ctl: Ctl, daemon: FakeDaemon
) -> None:
    daemon.answers[p.GateList] = [
        v.GateTable(runs=(trials.row(),), before="g1"),
        v.GateTable(runs=()),
        v.GateTable(runs=()),
    ]

    page = ctl("gate", "list", "--project", "demo", "--limit", "1").out
    assert "g1" in page
    assert "next: pmrunnerctl gate list --project demo --limit 1 --before g1   # older" in page
    assert ctl("gate", "list").out == "no gate runs yet\nnext: pmrunnerctl gate run ALIAS --all\n"
    assert ctl("gate", "list", "--before", "g1").out == "no gate runs before g1\n"


def test_one_is_shown_and_cancelled(ctl: Ctl, daemon: FakeDaemon) -> None:
    daemon.answers[p.GateShow] = trials.view()
    daemon.answers[p.GateCancel] = p.Done(id="g1")

    assert "g1 of demo" in ctl("gate", "show", "g1").out
    shown = json.loads(ctl("gate", "show", "g1", "--json").out)
    assert shown["run"]["state"] == GatingState.RUNNING
    assert ctl("gate", "cancel", "g1").out.startswith("gate run g1 is being stopped\n")


def test_an_admin_attests_with_a_note_and_a_verdict(ctl: Ctl, daemon: FakeDaemon) -> None:
    daemon.answers[p.GateAttest] = p.Done(id="g1")
    words = ("gate", "attest", "g1", "lab", "--note", "bench 4")

    assert ctl(*words, "--passed", "--tests", "4").out == (
        "gate lab of gate run g1 has passed, by your word\nnext: pmrunnerctl gate show g1\n"
    )
    assert ctl(*words, "--failed").out.startswith("gate lab of gate run g1 has failed")
    assert daemon.requests() == [
        p.GateAttest(run="g1", gate="lab", passed=True, note="bench 4", tests=4),
        p.GateAttest(run="g1", gate="lab", passed=False, note="bench 4"),
    ]
    assert ctl(*words).status == 2
    assert ctl("gate", "attest", "g1", "lab", "--passed").status == 2
