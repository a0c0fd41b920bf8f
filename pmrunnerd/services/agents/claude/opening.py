"""What a run says first: its task to a new session, and to one that goes on what is news to it."""

from pmrunnerd.model.spec import Answered, Spec
from pmrunnerd.services.agents import prompts, verification
from pmrunnerd.services.agents.claude import prompts as claude_prompts
from pmrunnerd.services.agents.claude.permissions import Permissions
from pmrunnerd.services.agents.claude.session import Pending
from pmrunnerd.services.agents.protocol import Job


def opening(job: Job, pending: Pending, permissions: Permissions, *, resumes: bool) -> list[str]:
    """Return what to say, one after the other; an empty one has the CLI repeat its question."""
    spec = job.spec
    lost = prompts.lost(job.restored.ref if job.restored and not job.restored.there else "")
    answers = prompts.answered(unheard(spec, pending))
    news = "\n\n".join(filter(None, (answers, permissions.news(), verification.instructions(spec))))
    if not resumes:
        return ["\n\n".join(filter(None, (claude_prompts.first(spec), news, lost)))]
    if pending.replays:
        more = "\n\n".join(filter(None, (news, lost)))
        return ["", *([more] if more else [])]
    if news:
        return ["\n\n".join(filter(None, (news, lost)))]
    interrupted = bool(spec.earlier) and spec.earlier[-1] in spec.interrupted
    return [prompts.going_on(spec, interrupted=interrupted, lost=lost)]


def unheard(spec: Spec, pending: Pending) -> list[Answered]:
    """Return the answers whose call the session has not, or has as one that nobody answered."""
    waits = set(pending.calls) if pending.replays else set()
    done = waits | pending.heard
    return [one for one in spec.answers if one.news and one.key not in done]
