"""What a run says first: its task to a new session, and to one that goes on what is news to it."""

from collections.abc import Iterator, Set

from pmrunnerd.model.questions import Kind
from pmrunnerd.model.spec import Answered, Spec
from pmrunnerd.services.agents import prompts, verification
from pmrunnerd.services.agents.claude import prompts as claude_prompts
from pmrunnerd.services.agents.claude.permissions import Permissions
from pmrunnerd.services.agents.claude.waiting import Use, Waiting
from pmrunnerd.services.agents.protocol import Job


def opening(job: Job, waits: Waiting, permissions: Permissions, *, resumes: bool) -> str:
    """Return what to say; nothing has the CLI repeat its question, whose answer is all the news."""
    spec = job.spec
    lost = prompts.lost(job.restored.ref if job.restored and not job.restored.there else "")
    others = _joined(permissions.news(), verification.instructions(spec))
    if not resumes:
        news = _joined(prompts.answered(unheard(spec, waits.heard)), others)
        return _joined(claude_prompts.first(spec), news, lost)
    if waits.is_alone and not _joined(
        prompts.answered(unheard(spec, waits.heard | {waits.again})), others, lost
    ):
        return ""
    known = [one for one in spec.answers if one.key in waits.calls and not one.news]
    news = _joined(prompts.answered([*known, *unheard(spec, waits.heard)]), others)
    cut = claude_prompts.cut_off(list(_undecided(spec, waits, permissions)))
    if news:
        return _joined(news, cut, lost)
    interrupted = bool(spec.earlier) and spec.earlier[-1] in spec.interrupted
    return prompts.going_on(spec, interrupted=interrupted, lost=_joined(cut, lost))


def in_words(spec: Spec, waits: Waiting) -> list[str]:
    """Return the calls whose answers are told in words, where something is said at all."""
    told = [one.key for one in unheard(spec, waits.heard) if one.kind is Kind.AGENT]
    return list(dict.fromkeys(filter(None, (*told, waits.again))))


def unheard(spec: Spec, heard: Set[str]) -> list[Answered]:
    """Return the answers whose call the session has not, or has as one that nobody answered."""
    return [one for one in spec.answers if one.news and one.key not in heard]


def _undecided(spec: Spec, waits: Waiting, permissions: Permissions) -> Iterator[Use]:
    """Yield what was cut off, but for what a person was asked about and the session is told of."""
    decided = {one.key for one in spec.answers if one.news}
    for call, use in waits.cut.items():
        if decided.isdisjoint({call, permissions.key(use.tool, use.given)} - {""}):
            yield use


def _joined(*parts: str) -> str:
    return "\n\n".join(filter(None, parts))
