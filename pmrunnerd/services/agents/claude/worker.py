"""One run of Claude Code: from its prompt, or an answer, to its result, its question or a limit."""

import asyncio
import logging
from collections.abc import Sequence
from signal import SIGHUP, SIGINT, SIGKILL, SIGTERM
from typing import Final

from claude_agent_sdk import ClaudeSDKError, ProcessError
from msgspec.structs import replace

from pmrunnerd.model.entities import Outcome, TaskKind
from pmrunnerd.model.errors import PmError, Refused
from pmrunnerd.model.progress import Asked, Concluded, Spec
from pmrunnerd.model.questions import ACCEPT, OPTIONS, Kind
from pmrunnerd.services.agents.claude import launch, limits, prompts, stubs
from pmrunnerd.services.agents.claude.launch import Launch
from pmrunnerd.services.agents.claude.permissions import Permissions
from pmrunnerd.services.agents.claude.questions import Questions
from pmrunnerd.services.agents.claude.session import Pending, Session
from pmrunnerd.services.agents.claude.talk import Talk
from pmrunnerd.services.agents.claude.time_limits import TimeIsUp, TimeLimits
from pmrunnerd.services.agents.claude.transport import CellTransport
from pmrunnerd.services.agents.protocol import Job, Report, Verdict
from pmrunnerd.services.git import Git

log = logging.getLogger(__name__)

# What a sandbox adds to the number of a signal.
_SIGNALLED: Final = 128
_FROM_OUTSIDE: Final = frozenset({SIGHUP, SIGINT, SIGKILL, SIGTERM})


async def work(job: Job, report: Report) -> Verdict:
    """Work on a task. Raises Refused where the CLI cannot be started, CannotConfine, OSError."""
    launch.check()
    spec = job.spec
    if not job.cell.confined:
        raise Refused("cannot start Claude Code: it works in a sandbox alone")
    if _is_accepted(spec):
        if job.restored is not None and not job.restored.there:
            return _ask(report, [_misplaced(job.restored.ref)])
        report.tell(Concluded(at="", text="a person accepted it as it was"))
        return Verdict(outcome=Outcome.SUCCEEDED)
    budget = spec.means.budget
    if budget is not None and budget.left <= 0:
        report.tell(limits.dollars(budget, 0.0))
        return Verdict(outcome=Outcome.ASKED)
    runs = job.directory.parent.parent
    session = Session(job.directory, spec.session, [runs / run / "agent" for run in spec.earlier])
    await asyncio.to_thread(session.prepare)
    job = counting(job, await asyncio.to_thread(session.counted))
    await asyncio.to_thread(stubs.ignore, job.directory)
    resumes, pending = session.transcript() is not None, session.pending()
    permissions = Permissions(spec.answers, spec.workspace)
    questions = Questions(spec.answers, pending.calls.keys(), permissions)
    if pending.replays and not questions.knows(pending.questions):
        # Killed before it could say what it asks. The CLI would ask again, and may not be heard.
        return _ask(report, pending.questions)
    told = opening(job, pending, permissions, resumes=resumes)
    given = launch.launch(job, session.directory, questions, resumes=resumes)
    return await _talk(job, report, given, questions, told)


async def _talk(
    job: Job, report: Report, given: Launch, questions: Questions, told: list[str]
) -> Verdict:
    times = TimeLimits(job.spec.limits)
    transport = CellTransport(
        job.cell, given.argv, given.environment, given.reach, heard=times.heard
    )
    talk = Talk(job, report, transport, given.options, questions)
    try:
        async with times.kept():
            verdict = await talk.through(told)
    except TimeIsUp:
        verdict = times.verdict()
    except ClaudeSDKError as exc:
        if (number := killed_by(exc)) and transport.command is not None:
            why = f"the CLI was killed (signal {number})"
            return Verdict(outcome=Outcome.INTERRUPTED, reason=why)
        last = str(transport.tail)
        why = f"Claude Code failed: {exc}" + (f": {last}" if last else "")
        verdict = Verdict(outcome=Outcome.FAILED, reason=why)
    finally:
        await talk.end()
        left = await _clear(job)
        if transport.command is not None and transport.command.usage is not None:
            report.used(transport.command.usage)
    if left is not None and verdict.outcome is Outcome.SUCCEEDED:
        raise left  # or they would be committed
    return verdict


async def _clear(job: Job) -> Exception | None:
    """Take stubs away; return why they stay. That is no reason to forget how the run ended."""
    try:
        await stubs.clear(Git(job.cell, job.spec.run))
    except (PmError, OSError) as exc:
        log.warning("run %s: %s", job.spec.run, exc)
        return exc
    return None


def killed_by(exc: ClaudeSDKError) -> int:
    """Return the signal by which somebody ended the CLI; 0 where nobody did.

    A crash of its own, such as SIGSEGV, is none: it would crash again.
    """
    status = exc.exit_code or 0 if isinstance(exc, ProcessError) else 0
    number = -status if status < 0 else status - _SIGNALLED
    return number if number in _FROM_OUTSIDE else 0


def opening(job: Job, pending: Pending, permissions: Permissions, *, resumes: bool) -> list[str]:
    """Return what to say, one after the other; an empty one has the CLI repeat its question."""
    spec = job.spec
    lost = prompts.lost(job.restored.ref if job.restored and not job.restored.there else "")
    news = "\n\n".join(filter(None, (permissions.news(), _said(spec))))
    if not resumes:
        return ["\n\n".join(filter(None, (prompts.first(spec), news, lost)))]
    if pending.replays:
        more = "\n\n".join(filter(None, (news, lost)))
        return ["", *([more] if more else [])]
    if news:
        return ["\n\n".join(filter(None, (news, lost)))]
    interrupted = bool(spec.earlier) and spec.earlier[-1] in spec.interrupted
    return [prompts.going_on(spec, interrupted=interrupted, lost=lost)]


def counting(job: Job, counted: float) -> Job:
    """Return a job whose cost is what the session's count has more at its end than `spent`.

    What a run that was killed had cost and never told is in that count, and is told as this one's;
    what it told and the CLI did not write down is not.
    """
    means = job.spec.means
    means = replace(means, spent=min(means.spent, counted))
    return replace(job, spec=replace(job.spec, means=means))


def _last(spec: Spec, kind: Kind) -> str:
    """Return what a person answered last that is news; empty for nothing."""
    found = [one.answer for one in spec.answers if one.kind is kind and one.news]
    return found[-1] if found else ""


def _is_accepted(spec: Spec) -> bool:
    return spec.kind is TaskKind.WORK and _last(spec, Kind.FINDINGS) == ACCEPT


def _said(spec: Spec) -> str:
    return prompts.instructed(said) if (said := _last(spec, Kind.FINDINGS)) else ""


def _misplaced(ref: str) -> Asked:
    """Return what to ask where there is nothing to commit of what was accepted."""
    text = (
        f"What was accepted cannot be put on the branch as that is now; it is kept as {ref}"
        f" (git show {ref}). Accept it again once the two go together, or say what is to be done."
    )
    return Asked(at="", text=text, options=OPTIONS[Kind.FINDINGS], kind=Kind.FINDINGS)


def _ask(report: Report, questions: Sequence[Asked]) -> Verdict:
    for one in questions:
        report.tell(one)
    return Verdict(outcome=Outcome.ASKED)
