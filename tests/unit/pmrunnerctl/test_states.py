from pmrunnerctl.render import Cell
from pmrunnerctl.states import STYLES, counts, state
from pmrunnerd.model.entities import Outcome, PlanState, TaskState


def test_counts_name_what_is_there_with_the_urgent_first() -> None:
    found = {TaskState.QUEUED: 2, TaskState.COMPLETE: 5, TaskState.ERROR: 0, TaskState.RUNNING: 1}

    assert counts(found) == "1 running, 2 queued, 5 complete"
    assert counts({TaskState.AWAITING_RESPONSE: 1}) == "1 awaiting response"
    assert counts({}) == "none"


def test_every_style_belongs_to_a_state() -> None:
    known = {*TaskState, *PlanState, *Outcome, "running"}

    assert set(STYLES) <= known


def test_a_state_without_a_style_is_plain() -> None:
    assert state("QUEUED") == Cell("QUEUED")
    assert state("ERROR") == Cell("ERROR", "red")
