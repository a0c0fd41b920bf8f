import msgspec
import pytest
from msgspec.structs import replace

from pmrunnerd.api.conversation import TELLERS, entries
from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import Outcome, PlanApproval
from pmrunnerd.model.naming import Mint
from pmrunnerd.model.progress import Finished, Proposed, ProposedTask
from pmrunnerd.model.questions import Kind
from pmrunnerd.model.state import State
from pmrunnerd.model.views import Entry
from pmrunnerd.rules import decide, drafting
from pmrunnerd.rules.edits import Edit, edit_plan
from pmrunnerd.rules.outcomes import Circumstances, Seen, ended
from pmrunnerd.rules.planning import Proposal, Step
from pmrunnerd.store.batch import Batch
from pmrunnerd.store.history import CONVERSATION
from tests.unit.api import desks
from tests.unit.rules.life import a_draft, a_project, a_proposed_plan, happen, proposed, started


def told(state: State, *facts: ev.AnyEvent) -> tuple[Entry, ...]:
    """What a commit of these facts adds, with the state that they lead to."""
    return entries(
        happen(state, *facts), "w1", Batch(seq=7, at="2026-01-01T00:00:07.000Z", facts=facts)
    )


def planned(*names: str) -> State:
    return happen(State(), desks.added(), desks.posted(), desks.drafted(*names), desks.APPROVED)


def test_a_message_is_told_as_it_was_said() -> None:
    (entry,) = told(happen(State(), desks.added()), desks.posted("  do\n it "))
    assert (entry.kind, entry.author, entry.text) == ("message", "anna", "  do\n it ")
    assert (entry.cursor, entry.at, entry.id) == (7, "2026-01-01T00:00:07.000Z", "m1")


def test_a_plan_lists_its_tasks_and_what_they_come_after() -> None:
    before = happen(State(), desks.added(), desks.posted())
    (entry,) = told(before, desks.drafted("fetch", "build"), desks.APPROVED)
    assert entry.text == "all of it\n  t1 fetch\n  t2 build after fetch"
    assert (entry.plan, entry.state) == ("p1", "")


def test_a_plan_waits_until_somebody_approves_it() -> None:
    before = happen(State(), desks.added(), desks.posted())
    facts = (desks.drafted("one"), desks.SUBMITTED)
    (entry,) = told(before, *facts)
    assert entry.state == "AWAITING_RESPONSE"
    approved = ev.PlanApproved(plan="p1", project="w1", by="anna")
    (approval,) = told(before, approved)
    assert (approval.kind, approval.author) == ("approval", "anna")
    (later,) = entries(before, "w1", Batch(seq=7, at="", facts=facts))
    assert later.state == ""


def test_a_question_waits_until_it_is_answered() -> None:
    state = happen(planned("one"), desks.started())
    facts = desks.asked("really?")
    (entry,) = told(state, *facts)
    assert (entry.kind, entry.text, entry.options) == ("question", "really?", ("yes", "no"))
    assert (entry.task, entry.run, entry.plan) == ("t1", "r1-aaaa", "p1")
    assert entry.state == "AWAITING_RESPONSE"
    answered = ev.QuestionAnswered(question="q1", project="w1", text="yes", by="otto")
    (answer,) = told(state, answered, ev.TaskAnswered(task="t1", project="w1"))
    assert (answer.kind, answer.author, answer.text, answer.id) == ("answer", "otto", "yes", "q1")
    assert answer.task == "t1"
    (later,) = entries(state, "w1", Batch(seq=7, at="", facts=facts))
    assert later.state == ""


def test_an_answer_to_the_runner_is_told_as_what_it_decided() -> None:
    state = happen(planned("one"), desks.started())
    over, asking = desks.asked("May it?")
    assert isinstance(asking, ev.TaskAsked)
    (one,) = asking.questions
    happen(state, over, replace(asking, questions=(replace(one, kind=Kind.PERMISSION),)))
    (denied,) = told(state, ev.QuestionAnswered(question="q1", project="w1", text="no", by="otto"))
    assert denied.text == "denied, with this reason: no"


@pytest.mark.parametrize(
    ("fact", "kind", "text"),
    [
        (
            ev.TaskCompleted(task="t1", project="w1", commit="4f2a"),
            "complete",
            "t1 one is complete",
        ),
        (ev.TaskFailed(task="t1", project="w1", reason="no"), "error", "t1 one failed: no"),
        (
            ev.TaskHeld(task="t1", project="w1", reason="a.txt changed"),
            "held",
            "t1 one is held back: a.txt changed",
        ),
        (
            ev.TaskLimited(task="t1", project="w1", reason="429", until="2026-01-01T00:15:00.000Z"),
            "limited",
            "t1 one waits for the model's provider: 429",
        ),
        (
            ev.TaskLimited(task="t1", project="w1", reason="it is not logged in"),
            "limited",
            "t1 one waits for a login: it is not logged in",
        ),
        (
            ev.TaskInterrupted(task="t1", project="w1", reason="a restart"),
            "interrupted",
            "t1 one was interrupted: a restart",
        ),
        (ev.TaskCancelled(task="t1", project="w1", by="anna"), "cancelled", "t1 one was cancelled"),
    ],
)
def test_an_outcome_names_its_task_its_run_and_its_reason(
    fact: ev.TaskEvent, kind: str, text: str
) -> None:
    ended = ev.RunEnded(run="r1-aaaa", project="w1", outcome=Outcome.FAILED, cursor=1)
    (entry,) = told(happen(planned("one"), desks.started()), ended, fact)
    assert (entry.kind, entry.text) == (kind, text)
    assert (entry.task, entry.run, entry.plan) == ("t1", "r1-aaaa", "p1")
    assert entry.commit == getattr(fact, "commit", "")
    assert entry.author == (getattr(fact, "by", "") or "runner")


def test_a_task_that_failed_can_be_tried_again_until_it_is() -> None:
    state = happen(planned("one"), desks.started())
    failed = ev.TaskFailed(task="t1", project="w1", reason="no")
    (entry,) = told(state, failed)
    assert entry.state == "ERROR"
    happen(state, ev.PlanFailed(plan="p1", project="w1", reason="t1 failed"))
    happen(state, *decide.retry_task(state, "t1", "anna"))
    (later,) = entries(state, "w1", Batch(seq=5, at="", facts=(failed,)))
    assert later.state == ""


def test_the_end_of_a_plan_is_told_without_a_task() -> None:
    for fact, kind in (
        (ev.PlanCompleted(plan="p1", project="w1"), "complete"),
        (ev.PlanFailed(plan="p1", project="w1", reason="t1 failed"), "error"),
        (ev.PlanCancelled(plan="p1", project="w1"), "cancelled"),
    ):
        (entry,) = told(planned("one"), fact)
        assert (entry.kind, entry.plan, entry.task) == (kind, "p1", "")


def test_what_nothing_confined_says_so_and_what_nothing_will_confine_does() -> None:
    def state(confined: bool) -> State:
        began = ev.RunBegan(run="r1-aaaa", project="w1", cursor=1, head="4f2a", confined=confined)
        return happen(planned("one"), desks.started(), began)

    ended = ev.RunEnded(run="r1-aaaa", project="w1", outcome=Outcome.SUCCEEDED, cursor=1)
    done = (ended, ev.TaskCompleted(task="t1", project="w1"))
    drafted = Batch(seq=7, at="", facts=(desks.drafted("one"),))
    for confined in (True, False):
        (entry,) = told(state(confined), *done)
        assert entry.unconfined is not confined
        (plan,) = entries(planned("one"), "w1", drafted, unconfined=not confined)
        assert plan.unconfined is not confined
    over = happen(state(False), *done, ev.PlanCompleted(plan="p1", project="w1"))
    (plan,) = entries(over, "w1", drafted, unconfined=True)
    assert not plan.unconfined, "nothing of it is to come"


def test_only_what_belongs_to_the_project_is_told() -> None:
    state = happen(State(), desks.added(), desks.added("other", "w2"))
    found = told(state, desks.posted("mine"), desks.posted("theirs", "m2", "w2"))
    assert [entry.text for entry in found] == ["mine"]


def test_whatever_is_told_is_in_the_index_of_conversations() -> None:
    """A fact that is not in the index would be told to followers and be missing from history."""
    assert set(TELLERS) <= CONVERSATION
    quiet = {ev.PlanSubmitted}  # it is told with its plan
    assert CONVERSATION - set(TELLERS) == quiet


def test_an_entry_is_what_a_client_can_read() -> None:
    (entry,) = told(happen(State(), desks.added()), desks.posted())
    assert msgspec.json.decode(msgspec.json.encode(entry), type=Entry) == entry


# Plans that a run makes


def test_a_plan_that_is_being_made_says_by_whom_and_what_it_takes_the_place_of() -> None:
    state = a_project()
    begun = drafting.begin(state.messages["m1"], "oracle", Mint(state.minted))
    (entry,) = told(state, begun)
    assert (entry.kind, entry.plan, entry.task) == ("planning", "p1", "t1")
    assert entry.text == "plan p1 is being made by oracle, as task t1"

    state = a_proposed_plan()
    refusal, cancelled, again = told(state, *decide.reject_plan(state, "p1", "too much", "anna"))
    assert (refusal.author, refusal.text) == ("anna", "too much\nplan p2 takes its place")
    assert cancelled.kind == "cancelled"
    assert again.text == "plan p2 is being made by oracle, as task t3, to take the place of p1"


def test_a_plan_that_was_proposed_says_what_is_expected_and_is_told_once() -> None:
    state = happen(a_draft(PlanApproval.MANUAL), started("t1", "r1"))
    one = ProposedTask(name="a", text="do a", files=("a.py", "b.py"), risk="it may break")
    seen = Seen(cursor=9, proposed=Proposed(at="", title="Do it", tasks=(one,)))
    finished = Finished(at="", outcome=Outcome.SUCCEEDED)
    facts = ended(state, state.runs["r1"], finished, seen, Circumstances(patience=1))
    (entry,) = told(state, *facts)
    assert (entry.kind, entry.run, entry.state) == ("plan", "r1", "AWAITING_RESPONSE")
    assert entry.text == ("Do it\n  t2 a: do a\n     files: a.py, b.py\n     risk: it may break")


def test_a_plan_that_was_edited_is_told_again_and_only_that_one_waits() -> None:
    state = happen(a_draft(PlanApproval.MANUAL), started("t1", "r1"))
    seen, given = Seen(cursor=9, proposed=proposed()), Circumstances(patience=1)
    finished = Finished(at="", outcome=Outcome.SUCCEEDED)
    made = ended(state, state.runs["r1"], finished, seen, given)
    happen(state, *made)
    wanted = Proposal(title="Less", steps=(Step(name="b", text="do b"),))
    edit = Edit(plan="p1", edits=0, wanted=wanted)
    (entry,) = told(state, *edit_plan(state, edit, "anna"))
    assert (entry.kind, entry.author, entry.text) == ("plan", "anna", "Less (edited)\n  t3 b: do b")
    assert entry.state == "AWAITING_RESPONSE"
    (before,) = entries(state, "w1", Batch(seq=5, at="", facts=made))
    assert before.state == ""


def test_what_was_sent_back_says_what_is_wrong_with_it() -> None:
    state = happen(a_draft(), started("t1", "r1"))
    fact = ev.TaskSentBack(task="t1", project="w1", objections=("it has no task", "and more"))
    (entry,) = told(state, fact)
    assert (entry.kind, entry.task) == ("sent-back", "t1")
    assert entry.text == (
        "t1 plan was sent back, because what it proposed is no plan:\nit has no task\nand more"
    )


def test_a_task_that_is_complete_says_what_it_came_to() -> None:
    state = happen(planned("one"), desks.started())
    (entry,) = told(state, ev.TaskCompleted(task="t1", project="w1", result="it is there"))
    assert entry.text == "t1 one is complete\nit is there"
