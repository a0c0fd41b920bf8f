from pmrunnerctl.render import Cell
from pmrunnerctl.states import STYLES, counts, outcome, state
from pmrunnerd.model.entities import Outcome, PlanState, TaskState
from pmrunnerd.model.gates import GatingState
from pmrunnerd.model.promotions import PromotionState
from tests.unit.pmrunnerctl import samples


def test_counts_name_what_is_there_with_the_urgent_first() -> None:
    found = {TaskState.QUEUED: 2, TaskState.COMPLETE: 5, TaskState.ERROR: 0, TaskState.RUNNING: 1}

    assert counts(found) == "1 running, 2 queued, 5 complete"
    assert counts({TaskState.AWAITING_RESPONSE: 1}) == "1 awaiting response"
    assert counts({}) == "none"


def test_every_style_belongs_to_a_state() -> None:
    known = {*TaskState, *PlanState, *Outcome, *GatingState, *PromotionState, "running"}

    assert set(STYLES) <= known


def test_a_state_without_a_style_is_plain() -> None:
    assert state("QUEUED") == Cell("QUEUED")
    assert state("ERROR") == Cell("ERROR", "red")


def test_a_run_that_nothing_confined_says_so_beside_how_it_ended() -> None:
    ended = samples.ended(Outcome.ASKED)
    assert outcome(samples.run(ended=ended)) == Cell("asked", "yellow")
    assert outcome(samples.run(confined=True)) == Cell("running", "cyan")
    assert outcome(samples.run(confined=False)) == Cell("running, UNCONFINED", "red")
    assert outcome(samples.run(confined=False, ended=ended)) == Cell("asked, UNCONFINED", "red")
