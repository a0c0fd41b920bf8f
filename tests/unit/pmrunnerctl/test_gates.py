from typing import Any

import pytest
from msgspec.structs import replace

from pmrunnerctl import gates
from pmrunnerd.model import events as ev
from pmrunnerd.model import views as v
from pmrunnerd.model.gates import Counted, GatingState, Preparation, Verdict
from tests.unit.pmrunnerctl import trials
from tests.unit.pmrunnerctl.conftest import Paper
from tests.unit.rules.gates import tries
from tests.unit.rules.gates.tries import result


def test_gate_runs_are_a_table(paper: Paper) -> None:
    failed = trials.row(id="g2", passed=False, verdicts={"passed": 1, "failed": 2})
    waits = trials.row(
        id="g3", state=GatingState.QUEUED, commit="", gates=0, verdicts={}, passed=False
    )
    part = trials.row(id="g4", gates=1, verdicts={"passed": 1}, whole=False)
    gone = trials.row(
        id="g5", state=GatingState.REFUSED, passed=False, reason="no such commit\nand more"
    )
    gates.table(paper, v.GateTable(runs=(trials.row(), failed, waits, part, gone)))

    lines = paper.text.splitlines()
    assert lines[0].split() == ["GATE", "RUN", "PROJECT", "COMMIT", "STATE", "ASKED", "BY", "GATES"]
    assert [line.split("  ")[0] for line in lines[1:]] == ["g1", "g2", "g3", "g4", "g5"]
    assert "cccccccccccc  passed" in lines[1]
    assert lines[1].endswith("anna  3 of 3 passed")
    assert "failed" in lines[2]
    assert lines[2].endswith("1 of 3 passed, 2 failed")
    assert "latest" in lines[3]
    assert "QUEUED" in lines[3]
    assert lines[3].endswith("all that it declares")
    assert "passed in part" in lines[4]
    assert lines[4].endswith("1 of 1 passed; not all that it declares")
    assert lines[5].endswith("no such commit")


def test_one_for_which_something_is_built_says_so(paper: Paper) -> None:
    waits = trials.row(state=GatingState.QUEUED, gates=0, verdicts={}, passed=False, building=True)
    gates.table(paper, v.GateTable(runs=(waits,)))
    assert "  builds what they judge  " in paper.text
    assert "QUEUED" not in paper.text


def test_one_gate_run_has_a_line_for_each_gate_and_the_log_of_what_is_not_good(
    paper: Paper,
) -> None:
    gates.draw(paper, trials.view())

    lines = paper.text.splitlines()
    assert "gate run     g1 of demo, asked for by anna" in lines
    assert "gates        1 of 3 passed, 1 failed" in lines
    assert any(line.startswith("lint  passed") and "no tests" in line for line in lines)
    assert any(line.startswith("unit  failed") and "1.2 min" in line for line in lines)
    assert "lab   running" in lines
    assert "log of unit: gates/g1/unit.log" in lines
    assert lines[-1] == "next: pmrunnerctl gate cancel g1"


def test_that_gates_wait_for_what_they_need_is_said_until_one_of_them_has_begun(
    paper: Paper,
) -> None:
    run = trials.view().run
    assert run.record
    declared = replace(run.record.gates, prepare=Preparation(command="make ready"))
    record = replace(run.record, results=(), gates=declared)
    gates.draw(paper, trials.view(run=replace(run, record=record, under_way=())))
    assert "now          what they need is made: pmrunnerctl gate log g1 -f" in paper.text

    gates.draw(again := Paper(), trials.view(run=replace(run, record=record)))
    assert "what they need" not in again.text


@pytest.mark.parametrize(
    ("others", "shown"),
    [
        ({"signed_by": "root"}, "passed, attested by root"),
        ({"answered_by": "g0"}, "passed, as in g0"),
        ({"tests": Counted(ran=812)}, "812"),
        ({"cpu_seconds": 1.25, "peak_memory": 1 << 21}, "1.2 s  2.0 MiB"),
    ],
)
def test_whose_word_a_result_is_and_what_it_took_is_shown(
    paper: Paper, others: dict[str, Any], shown: str
) -> None:
    record = replace(tries.RECORD, results=(result("unit", **others),))
    run = replace(trials.view().run, record=record)
    gates.draw(paper, v.GateView(row=trials.row(), run=run))

    (line,) = [line for line in paper.text.splitlines() if line.startswith("unit")]
    assert shown in line


def test_one_that_never_began_is_its_reason(paper: Paper) -> None:
    view = trials.view()
    run = replace(view.run, record=None, state=GatingState.REFUSED, reason="no gates", under_way=())
    gates.draw(paper, v.GateView(row=trials.row(state=GatingState.REFUSED), run=run))

    assert "reason    no gates" in paper.text
    assert "VERDICT" not in paper.text
    assert paper.text.splitlines()[-1] == "next: pmrunnerctl gate list --project demo"


@pytest.mark.parametrize(
    ("fact", "told"),
    [
        (tries.STARTED, "3 gates of commit cccccccccccc, source 555555555555\n"),
        (tries.begun("lint"), "  lint: started\n"),
        (tries.ended("lint", why="exit status 0"), "  lint: passed, 2 s: exit status 0\n"),
        (tries.ended("lint", Verdict.KILLED), "  lint: killed, 2 s\n"),
        (tries.STOP, "anna wants it cancelled\n"),
        (tries.REFUSED, "no such commit\n"),
        (tries.INTERRUPTED, "it is gone\n"),
        (tries.OVER, ""),
    ],
)
def test_each_fact_is_told_as_it_comes(paper: Paper, fact: ev.AnyEvent, told: str) -> None:
    gates.tell(paper, fact)

    assert paper.text == told
