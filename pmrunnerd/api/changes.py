"""One function per command that changes something: request and state in, facts and reply out.

None of them decides anything: `rules.decide` does. They look at what is ahead of the disk, because
a decision has to know what was decided before it.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from msgspec import UNSET, Struct
from msgspec.structs import asdict

from pmrunnerd.model import events as ev
from pmrunnerd.model import protocol as p
from pmrunnerd.model import questions
from pmrunnerd.model.errors import Refused
from pmrunnerd.model.naming import Mint
from pmrunnerd.model.state import State
from pmrunnerd.rules import answers, checkout, decide, upkeep
from pmrunnerd.rules.edits import Edit, edit_plan
from pmrunnerd.rules.evolve import evolve
from pmrunnerd.rules.gates import conduct, waiting
from pmrunnerd.rules.planning import Proposal, Step
from pmrunnerd.rules.promotion import promotions


class Context(Struct, frozen=True, kw_only=True):
    """What a decision may know beside the state and the request; `gateless` is why no gate can be tried.

    `installed`: units hold what runs, and there is a prod.
    """

    by: str
    environment: str
    state_directory: str
    agents: tuple[str, ...]
    gateless: str = ""
    installed: bool = False


class Decision(Struct, frozen=True, kw_only=True):
    """What to record, and what to answer once it is durable.

    Without facts, what was asked is so already and nothing is recorded, unless `remember` is set:
    then the request is, so that the same one again gets its answer and not its effect.
    """

    facts: tuple[ev.AnyEvent, ...]
    reply: Struct
    remember: bool = False


Change = Callable[[State, Any, Context], Decision]


def _done(identifier: str, facts: tuple[ev.AnyEvent, ...]) -> Decision:
    return Decision(facts=facts, reply=p.Done(id=identifier))


def _project(state: State, project: str, facts: tuple[ev.AnyEvent, ...]) -> Decision:
    """Answer with a project as it will be."""
    with state.trial() as trial:
        for fact in facts:
            evolve(trial, fact, "")
        return Decision(facts=facts, reply=trial.projects[project])


def stop(_: State, __: p.Stop, context: Context) -> Decision:
    # Remembered, because a client that lost the answer asks again, perhaps the next daemon.
    return Decision(facts=(), reply=p.Done(id=context.environment), remember=True)


def drain(state: State, request: p.Drain, context: Context) -> Decision:
    decided = upkeep.end_drain if request.end else upkeep.drain
    return _done(context.environment, decided(state, context.by))


def backup_report(state: State, request: p.BackupReport, context: Context) -> Decision:
    return _done(context.environment, upkeep.back_up(state, request.failed))


def project_add(state: State, request: p.ProjectAdd, context: Context) -> Decision:
    added = ev.ProjectAdded(project=Mint(state.minted)("w"), by=context.by, **asdict(request))
    checkout.check(added.alias, added.path, added.project_type, installed=context.installed)
    facts = decide.add_project(
        state, added, state_directory=context.state_directory, agents=context.agents
    )
    return _project(state, added.project, facts)


def project_set(state: State, request: p.ProjectSet, context: Context) -> Decision:
    project = state.project(request.project)
    given = {name: value for name, value in asdict(request).items() if value is not UNSET}
    changed = ev.ProjectChanged(by=context.by, **(given | {"project": project.id}))
    if changed.project_type is not UNSET:
        kind = changed.project_type
        checkout.check(project.alias, project.path, kind, installed=context.installed)
    facts = decide.change_project(state, project, changed, agents=context.agents)
    return _project(state, project.id, facts)


def project_remove(state: State, request: p.ProjectRemove, context: Context) -> Decision:
    project = state.project(request.project)
    return _done(project.id, decide.remove_project(state, project, context.by))


def chat_send(state: State, request: p.ChatSend, context: Context) -> Decision:
    mint = Mint(state.minted)
    posted = decide.post_message(state, request.project, request.text, context.by, mint)
    return _done(posted.message, (posted,))


def answer(state: State, request: p.Answer, context: Context) -> Decision:
    facts = answers.answer(state, request.question, request.text, context.by)
    kind = state.question(request.question).kind
    said = questions.decided(kind, questions.chosen(kind, request.text))
    return Decision(facts=facts, reply=p.Decided(id=request.question, decided=said))


def plan_approve(state: State, request: p.PlanApprove, context: Context) -> Decision:
    return _done(request.plan, decide.approve_plan(state, request.plan, context.by))


def plan_reject(state: State, request: p.PlanReject, context: Context) -> Decision:
    facts = decide.reject_plan(state, request.plan, request.reason, context.by, drop=request.drop)
    return _done(request.plan, facts)


def plan_edit(state: State, request: p.PlanEdit, context: Context) -> Decision:
    steps = tuple(Step(**asdict(task)) for task in request.tasks)
    wanted = Proposal(title=request.title, steps=steps)
    edit = Edit(plan=request.plan, edits=request.edits, wanted=wanted)
    facts = edit_plan(state, edit, context.by, approve=request.approve)
    return _done(request.plan, facts)


def task_cancel(state: State, request: p.TaskCancel, context: Context) -> Decision:
    return _done(request.task, decide.cancel_task(state, request.task, context.by))


def task_retry(state: State, request: p.TaskRetry, context: Context) -> Decision:
    return _done(request.task, decide.retry_task(state, request.task, context.by))


def run_cancel(state: State, request: p.RunCancel, context: Context) -> Decision:
    return _done(request.run, decide.cancel_run(state, request.run, context.by))


def run_resume(state: State, request: p.RunResume, context: Context) -> Decision:
    return _done(request.run, decide.resume_run(state, request.run, context.by))


def gate_run(state: State, request: p.GateRun, context: Context) -> Decision:
    project = state.project(request.project)
    if context.gateless:
        raise Refused(
            f"cannot run gates of {project.alias}: {context.gateless}", hint="pmrunnerctl doctor"
        )
    fact = conduct.request(state, project, request.gates, request.commit, context.by)
    return _done(fact.gate_run, (fact,))


def gate_prepare(state: State, request: p.GatePrepare, context: Context) -> Decision:
    project = state.project(request.project)
    if context.gateless:
        raise Refused(
            f"cannot prepare gates of {project.alias}: {context.gateless}",
            hint="pmrunnerctl doctor",
        )
    fact = conduct.request(state, project, (), request.commit, context.by, preparing=True)
    return _done(fact.gate_run, (fact,))


def gate_seen(state: State, request: p.GateSeen, context: Context) -> Decision:
    return _done(request.run, waiting.see(state, request.run, context.by))


def gate_cancel(state: State, request: p.GateCancel, context: Context) -> Decision:
    return _done(request.run, conduct.cancel(state, request.run, context.by))


def gate_attest(state: State, request: p.GateAttest, context: Context) -> Decision:
    said = conduct.Attestation(
        gate=request.gate, passed=request.passed, note=request.note, tests=request.tests
    )
    return _done(request.run, conduct.attest(state, request.run, said, context.by))


def promotion_seen(state: State, request: p.PromotionSeen, context: Context) -> Decision:
    return _done(request.promotion, promotions.see(state, request.promotion, context.by))


CHANGES: Final[Mapping[type[p.Request[Any]], Change]] = {
    p.Stop: stop,
    p.Drain: drain,
    p.BackupReport: backup_report,
    p.ProjectAdd: project_add,
    p.ProjectSet: project_set,
    p.ProjectRemove: project_remove,
    p.ChatSend: chat_send,
    p.Answer: answer,
    p.PlanApprove: plan_approve,
    p.PlanReject: plan_reject,
    p.PlanEdit: plan_edit,
    p.TaskCancel: task_cancel,
    p.TaskRetry: task_retry,
    p.RunCancel: run_cancel,
    p.RunResume: run_resume,
    p.GateRun: gate_run,
    p.GatePrepare: gate_prepare,
    p.GateSeen: gate_seen,
    p.GateCancel: gate_cancel,
    p.GateAttest: gate_attest,
    p.PromotionSeen: promotion_seen,
}
