from typing import Any

import pytest
from msgspec import UNSET, structs

from pmrunnerd.api.changes import CHANGES, Context, Decision
from pmrunnerd.model import events as ev
from pmrunnerd.model import protocol as p
from pmrunnerd.model.entities import Outcome, PlanApproval, Project
from pmrunnerd.model.errors import BadRequest, Conflict, NotFound, Refused
from pmrunnerd.model.gates import Verdict
from pmrunnerd.model.state import State
from tests.unit.api import desks
from tests.unit.rules.gates import tries
from tests.unit.rules.life import a_proposed_plan, happen

CONTEXT = Context(
    by="otto", environment="dev", state_directory="/srv/state", agents=("shell", "other")
)


def decide(state: State, request: p.Request[Any]) -> Decision:
    """Decide as a handler does; the state stays as it was."""
    before = dict(state.minted)
    decision = CHANGES[type(request)](state, request, CONTEXT)
    assert state.minted == before
    return decision


def planned(*names: str) -> State:
    return happen(State(), desks.added(), desks.posted(), desks.drafted(*names), desks.APPROVED)


def test_a_new_project_gets_the_next_identifier_and_is_answered_as_it_will_be() -> None:
    request = p.ProjectAdd(
        path="/srv/x", alias="x", bootstrap_prompt="hello", plan_approval=PlanApproval.MANUAL
    )
    decision = decide(happen(State(), desks.added()), request)
    (fact,) = decision.facts
    assert isinstance(fact, ev.ProjectAdded)
    assert (fact.project, fact.by, fact.bootstrap_prompt) == ("w2", "otto", "hello")
    assert decision.reply == Project(
        id="w2",
        alias="x",
        path="/srv/x",
        bootstrap_prompt="hello",
        plan_approval=PlanApproval.MANUAL,
    )


def test_the_state_directory_and_unknown_agents_are_the_rules_business() -> None:
    with pytest.raises(BadRequest, match="known are shell, other"):
        decide(State(), p.ProjectAdd(path="/srv/x", alias="x", agent="nope"))
    with pytest.raises(Exception, match="inside the state directory"):
        decide(State(), p.ProjectAdd(path="/srv/state/x", alias="x"))


def test_settings_that_are_not_given_stay() -> None:
    state = happen(State(), desks.added())
    decision = decide(state, p.ProjectSet(project="demo", agent="other"))
    (fact,) = decision.facts
    assert isinstance(fact, ev.ProjectChanged)
    assert (fact.project, fact.agent, fact.alias) == ("w1", "other", UNSET)
    assert isinstance(decision.reply, Project)
    assert (decision.reply.agent, decision.reply.alias) == ("other", "demo")
    same = decide(state, p.ProjectSet(project="w1", alias="demo"))
    assert same.facts == ()
    assert isinstance(same.reply, Project)


def test_a_message_is_said_by_its_caller() -> None:
    decision = decide(happen(State(), desks.added()), p.ChatSend(project="demo", text="hi"))
    (fact,) = decision.facts
    assert fact == ev.MessagePosted(message="m1", project="w1", text="hi", by="otto")
    assert decision.reply == p.Done(id="m1")


def test_an_answer_is_given_once_and_a_different_one_is_a_conflict() -> None:
    state = happen(planned("one"), desks.started(), *desks.asked("really?"))
    yes = p.Answer(question="q1", text="yes")
    first = decide(state, yes)
    assert [type(fact) for fact in first.facts] == [ev.QuestionAnswered, ev.TaskAnswered]
    happen(state, *first.facts)
    again = decide(state, yes)
    assert (again.facts, again.reply) == ((), first.reply)
    with pytest.raises(Conflict, match="answered by otto"):
        decide(state, p.Answer(question="q1", text="no"))


def test_a_stop_is_remembered_though_it_is_no_fact() -> None:
    decision = decide(State(), p.Stop())
    assert (decision.facts, decision.remember) == ((), True)


@pytest.mark.parametrize(
    ("request_", "identifier", "fact"),
    [
        (p.TaskCancel(task="t1"), "t1", ev.TaskCancelRequested),
        (p.TaskCancel(task="t2"), "t2", ev.TaskCancelled),
        (p.RunCancel(run="r1-aaaa"), "r1-aaaa", ev.TaskCancelRequested),
        (p.PlanReject(plan="p2", reason="no"), "p2", ev.PlanRejected),
        (p.PlanApprove(plan="p2"), "p2", ev.PlanApproved),
    ],
)
def test_each_command_becomes_its_fact_by_its_caller(
    request_: p.Request[Any], identifier: str, fact: type[ev.Event]
) -> None:
    state = happen(
        planned("one", "two"),
        desks.started(),
        desks.posted("more", "m2"),
        ev.PlanDrafted(plan="p2", project="w1", message="m2", title="", tasks=()),
        ev.PlanSubmitted(plan="p2", project="w1"),
    )
    decision = decide(state, request_)
    assert decision.reply == p.Done(id=identifier)
    first = decision.facts[0]
    assert isinstance(first, fact)
    assert getattr(first, "by", "") == "otto"


def test_what_failed_is_retried_by_task_or_by_run() -> None:
    ended = ev.RunEnded(run="r1-aaaa", project="w1", outcome=Outcome.FAILED, cursor=1)
    failed = ev.TaskFailed(task="t1", project="w1", reason="no")
    state = happen(planned("one"), desks.started(), ended, failed)
    for request in (p.TaskRetry(task="t1"), p.RunResume(run="r1-aaaa")):
        first = decide(state, request).facts[0]
        assert isinstance(first, ev.TaskRetried)
        assert first.by == "otto"


@pytest.mark.parametrize(
    "request_",
    [
        p.ProjectSet(project="nope"),
        p.ProjectRemove(project="nope"),
        p.ChatSend(project="nope", text="x"),
        p.Answer(question="q9", text="x"),
        p.PlanApprove(plan="p9"),
        p.PlanReject(plan="p9", reason="x"),
        p.TaskCancel(task="t9"),
        p.TaskRetry(task="t9"),
        p.RunCancel(run="r9"),
        p.RunResume(run="r9"),
    ],
)
def test_what_is_not_there_cannot_be_changed(request_: p.Request[Any]) -> None:
    with pytest.raises(NotFound):
        decide(State(), request_)


def test_a_project_is_removed() -> None:
    decision = decide(happen(State(), desks.added()), p.ProjectRemove(project="demo"))
    assert decision.facts == (ev.ProjectRemoved(project="w1", by="otto"),)
    assert decision.reply == p.Done(id="w1")


def test_a_plan_is_edited_as_it_was_sent_and_approved_where_that_was_said() -> None:
    state = a_proposed_plan()
    task = p.EditedTask(name="b", text="do b", files=("b.py",), risk="none")
    edit = p.PlanEdit(plan="p1", edits=0, title="Less", tasks=(task,), approve=True)
    decision = decide(state, edit)
    assert [type(fact) for fact in decision.facts] == [
        ev.TaskCancelled,
        ev.PlanEdited,
        ev.PlanApproved,
    ]
    edited = decision.facts[1]
    assert isinstance(edited, ev.PlanEdited)
    (wanted,) = edited.tasks
    assert (edited.title, edited.by, wanted.files, wanted.risk) == (
        "Less",
        "otto",
        ("b.py",),
        "none",
    )
    assert decision.reply == p.Done(id="p1")


def test_a_plan_is_dropped_for_good_where_that_was_said() -> None:
    rejected = p.PlanReject(plan="p1", reason="no")
    assert isinstance(decide(a_proposed_plan(), rejected).facts[-1], ev.PlanBegun)
    dropped = p.PlanReject(plan="p1", reason="no", drop=True)
    assert isinstance(decide(a_proposed_plan(), dropped).facts[-1], ev.TaskCancelled)


def test_gates_are_asked_for_where_something_tries_them_and_else_refused_with_the_reason() -> None:
    state = happen(State(), desks.added())
    (fact,) = decide(state, p.GateRun(project="demo", gates=("unit",), commit="main~1")).facts

    assert isinstance(fact, ev.GateRunRequested)
    assert (fact.gate_run, fact.project, fact.names) == ("g1", "w1", ("unit",))
    assert (fact.commit, fact.by) == ("main~1", "otto")
    without = structs.replace(CONTEXT, gateless="no unit does")
    with pytest.raises(Refused, match="cannot run gates of demo: no unit does"):
        CHANGES[p.GateRun](state, p.GateRun(project="demo"), without)


def test_gate_runs_are_cancelled_and_attested_by_the_rules() -> None:
    state = happen(State(), desks.added(), tries.REQUESTED)
    said = p.GateAttest(run="g1", gate="lab", passed=True, note="bench 4", tests=3)

    assert decide(state, p.GateCancel(run="g1")).facts == (
        structs.replace(tries.CANCELLED, by="otto"),
    )
    with pytest.raises(Refused, match="it is QUEUED"):
        decide(state, said)
    skipped = tries.ended("lab", Verdict.SKIPPED)
    (fact,) = decide(happen(state, tries.STARTED, skipped), said).facts
    assert isinstance(fact, ev.GateAttested)
    assert (fact.result.signed_by, fact.result.why) == ("otto", "bench 4")
