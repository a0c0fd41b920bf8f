"""What of what happened is worth a notification, whether it still is, and how that reads."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from pmrunnerd.model import events as ev
from pmrunnerd.model.checkup import Check
from pmrunnerd.model.entities import PlanState, TaskState
from pmrunnerd.model.errors import NotFound
from pmrunnerd.model.notices import (
    KINDS,
    WAITS,
    About,
    Notification,
    Urgency,
    What,
    parsed,
    shown,
)
from pmrunnerd.model.questions import Kind
from pmrunnerd.model.settings import Settings
from pmrunnerd.model.state import State
from pmrunnerd.rules.gates import waiting
from pmrunnerd.rules.promotion import promotions

# Characters of one thing, and things of one notification: whoever gets it looks at the rest here.
LONGEST: Final = 300
MOST: Final = 20
BACKUP: Final = "backup"
_OVER: Final = "it is over, and has not passed"
_READY: Final = "all gates have passed: it can be promoted once its evidence is approved"
_Ended = ev.PromotionConfirmed | ev.PromotionReturned | ev.PromotionRefused | ev.PromotionFailed
_MOVED: Final[Mapping[type[ev.Event], str]] = {
    ev.PromotionConfirmed: "the release has proved itself",
    ev.PromotionReturned: "the release came back",
    ev.PromotionRefused: "it was refused",
    ev.PromotionFailed: "the release failed, and so did the way back",
}
_NOUNS: Final = {
    What.QUESTION: ("a question waits", "questions"),
    What.BUDGET: ("a limit of its cost is reached", "limits of cost"),
    What.PROMOTION: ("a promotion", "promotions"),
    What.FAILURE: ("a failure", "failures"),
    What.LIMIT: ("an agent's provider takes no more", "limits of providers"),
    What.TEST: ("a test", "tests"),
}


def wanted(settings: Settings) -> frozenset[What]:
    """Return what an operator wants to be told; nothing where there is nowhere to tell it."""
    if not settings.notify_webhook:
        return frozenset()
    return frozenset(KINDS[word] for word in settings.notify_on.split(",") if word)


# Whether gates have passed the state knows, and by then whether somebody has seen it.
_GATED: Final = (ev.GateRunEnded, ev.GateRunRefused, ev.GateRunInterrupted)


def worth(facts: Sequence[ev.AnyEvent], on: Collection[What]) -> list[About]:
    """Return what of the facts of a commit is worth telling."""
    found = (about for fact in facts for about in (*_told(fact), *_of_gates(fact)))
    return [about for about in found if about.what in on]


def _of_gates(fact: ev.AnyEvent) -> Iterator[About]:
    if isinstance(fact, _GATED):
        yield About(what=What.FAILURE, id=fact.gate_run, text=_OVER, project=fact.project)
    if isinstance(fact, ev.GateRunEnded):
        yield About(what=What.PROMOTION, id=fact.gate_run, text=_READY, project=fact.project)
    if isinstance(fact, _Ended):
        text = clip(f"{_MOVED[type(fact)]}{fact.reason and ': '}{fact.reason}")
        yield About(what=What.PROMOTION, id=fact.promotion, text=text, project=fact.project)


def _told(fact: ev.AnyEvent) -> Iterator[About]:
    project = getattr(fact, "project", "")
    match fact:
        case ev.TaskAsked(questions=questions):
            for asked in questions:
                what = What.BUDGET if asked.kind is Kind.BUDGET else What.QUESTION
                yield About(what=what, id=asked.question, text=clip(asked.text), project=project)
        case ev.PlanSubmitted(plan=plan):
            yield About(what=What.QUESTION, id=plan, text="it waits for approval", project=project)
        case ev.TaskHeld(task=task, reason=reason):
            text = clip(f"it is held back: {reason}")
            yield About(what=What.QUESTION, id=task, text=text, project=project)
        case ev.TaskFailed(task=task, reason=reason):
            yield About(what=What.FAILURE, id=task, text=clip(reason), project=project)
        case ev.PlanRefused(plan=plan, reason=reason):
            yield About(what=What.FAILURE, id=plan, text=clip(reason), project=project)
        case ev.BackupFailed(reason=reason):
            yield About(what=What.FAILURE, id=BACKUP, text=clip(f"no backup was made: {reason}"))
        case ev.AgentLimited(agent=agent, reason=reason, times=1):
            yield About(what=What.LIMIT, id=agent, text=clip(reason))
        case ev.AgentExpiring(agent=agent, expires=expires):
            yield About(what=What.LIMIT, id=agent, text=f"its login ends at {expires}")


def stands(state: State, about: About) -> bool:
    """Tell whether it is so still: nobody need be told of a question that somebody has answered."""
    try:
        return _stands(state, about)
    except (KeyError, NotFound):
        return False


def _stands(state: State, about: About) -> bool:
    if about.id == BACKUP:
        return any(state.unsaved)
    if about.what is What.LIMIT:
        account = state.accounts[about.id]
        return bool(account.limit) or account.expiring
    if about.what is What.PROMOTION or about.id in state.gatings:
        return _is_moved(state, about)
    if about.id in state.questions or about.id in state.plans:
        return _is_open(state, about)
    task = state.task(about.id)
    if about.what is What.FAILURE:
        return task.state is TaskState.ERROR
    return task.held and task.state is TaskState.QUEUED


def _is_moved(state: State, about: About) -> bool:
    """Tell whether gates still say what they said, or nobody has seen yet how a promotion ended."""
    if about.id not in state.gatings:
        return not state.promotion(about.id).seen
    bad = about.what is What.FAILURE
    every = waiting.waiting(state) if bad else promotions.ready(state)
    return any(one.id == about.id for one in every)


def _is_open(state: State, about: About) -> bool:
    """Tell whether a question has no answer yet, or a plan still waits or is still in error."""
    if about.id in state.questions:
        question = state.question(about.id)
        return question.answer is None and not question.withdrawn
    plan = state.plan(about.id)
    waits = plan.state is PlanState.AWAITING_APPROVAL
    return waits if about.what is What.QUESTION else plan.state is PlanState.ERROR


def distinct(things: Sequence[About]) -> list[About]:
    """Return each thing once, as it was told last: a task may fail twice in a short while."""
    return [*{(one.what, one.id): one for one in things}.values()]


def composed(  # noqa: PLR0913 - all that a notification says
    state: State, things: Sequence[About], *, id: str, at: str, environment: str, link: str = ""
) -> Notification:
    """Return one notification of some things, the urgent ones first."""
    order = [*_NOUNS]
    things = sorted(things, key=lambda one: order.index(one.what))
    told = tuple(_named(state, one) for one in things[:MOST])
    lines = [" ".join(filter(None, (one.project, f"{one.id}:", one.text))) for one in told]
    if len(things) > MOST:
        lines.append(f"and {len(things) - MOST} more")
    waits = any(one.what in WAITS for one in things)
    where = "inbox" if waits else "notify test" if _is_test(things) else "status"
    return Notification(
        id=id,
        at=at,
        environment=environment,
        title=f"pm-runner {environment}: {_title(things)}",
        text="\n".join(lines),
        urgency=Urgency.HIGH if waits else Urgency.NORMAL,
        about=told,
        command=f"pmrunnerctl --env {environment} {where}",
        link=link,
    )


def _is_test(things: Sequence[About]) -> bool:
    return any(one.what is What.TEST for one in things)


def _named(state: State, about: About) -> About:
    """Return the same with its project as people call it, and of gates which of them failed."""
    project = state.projects.get(about.project)
    alias = project.alias if project else about.project
    gating = state.gatings.get(about.id)
    is_bad = gating is not None and about.what is What.FAILURE
    text = clip("; ".join(waiting.told(gating).splitlines())) if is_bad and gating else about.text
    return About(what=about.what, id=about.id, text=text, project=alias)


def _title(things: Sequence[About]) -> str:
    count = Counter(one.what for one in things)
    words = [
        _NOUNS[what][0] if number == 1 else f"{number} {_NOUNS[what][1]}"
        for what, number in count.items()
    ]
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def clip(text: str) -> str:
    """Return what fits of a text."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def check(settings: Settings) -> Check | None:
    """Judge where notifications go by its form; whether it answers is for `notify test` to see."""
    found = parsed(settings.notify_webhook)
    if found is None:
        return None
    where = shown(settings.notify_webhook)
    if found.scheme == "http" and not settings.notify_private:
        return Check(
            name="notify",
            state="warning",
            found=f"{where}: without TLS, whoever is between can read it",
            hint="pmrunnerctl notify test",
        )
    if not settings.notify_on:
        return Check(
            name="notify",
            state="warning",
            found=f"{where}, and nothing is worth telling (notify.on is empty)",
            hint='on = "questions,failures"   # under [notify]',
        )
    return Check(name="notify", state="ok", found=f"{where}, for {settings.notify_on}")
