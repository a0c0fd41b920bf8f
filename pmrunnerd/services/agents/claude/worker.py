"""One run of Claude Code: from its prompt, or an answer, to its result, its question or a limit."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Final

from claude_agent_sdk import ClaudeSDKError, ProcessError
from msgspec.structs import replace

from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.errors import PmError, Refused
from pmrunnerd.model.progress import Asked
from pmrunnerd.services import stubs
from pmrunnerd.services.agents import speaking, verification
from pmrunnerd.services.agents.claude import launch, limits
from pmrunnerd.services.agents.claude.launch import Launch
from pmrunnerd.services.agents.claude.opening import in_words, opening
from pmrunnerd.services.agents.claude.permissions import Permissions
from pmrunnerd.services.agents.claude.questions import Questions
from pmrunnerd.services.agents.claude.session import Session
from pmrunnerd.services.agents.claude.talk import Talk
from pmrunnerd.services.agents.claude.transport import CellTransport
from pmrunnerd.services.agents.protocol import Job, Report, Verdict
from pmrunnerd.services.agents.speaking import Lines
from pmrunnerd.services.agents.time_limits import TimeIsUp, TimeLimits
from pmrunnerd.services.cell import CannotConfine
from pmrunnerd.services.git import Git

log = logging.getLogger(__name__)

# What the SDK says, without a class for it, of a CLI that it waited for.
_UNANSWERED: Final = "Control request timeout"


async def work(job: Job, report: Report) -> Verdict:
    """Work on a task. Raises Refused where the CLI cannot be started, CannotConfine, OSError."""
    launch.check()
    spec = job.spec
    if not job.cell.confined:
        raise Refused("cannot start Claude Code: it works in a sandbox alone")
    if (over := verification.accepted(job, report)) is not None:
        return over
    budget = spec.means.budget
    if budget is not None and budget.left <= 0:
        report.tell(limits.dollars(budget, 0.0))
        return Verdict(outcome=Outcome.ASKED)
    runs = job.directory.parent.parent
    session = Session(job.directory, spec.session, [runs / run / "agent" for run in spec.earlier])
    await asyncio.to_thread(session.prepare)
    job = counting(job, await asyncio.to_thread(session.counted))
    await asyncio.to_thread(stubs.ignore, job.directory)
    resumes = await asyncio.to_thread(session.transcript) is not None
    waits = await asyncio.to_thread(session.waiting)
    permissions = Permissions(spec.answers, spec.workspace)
    questions = Questions(spec.answers, permissions)
    unknown = [one for one in waits.questions if not questions.knows([one])]
    if waits.again and unknown:
        # Killed before it could say what it asks. The CLI would ask again, and may not be heard.
        return _ask(report, unknown)
    told = opening(job, waits, permissions, resumes=resumes)
    if told and resumes:
        await asyncio.to_thread(session.note_told, in_words(spec, waits))
    given = launch.launch(job, session.directory, questions, resumes=resumes)
    return await _talk(job, report, given, questions, told)


async def _talk(
    job: Job, report: Report, given: Launch, questions: Questions, told: str
) -> Verdict:
    times = TimeLimits(job.spec.limits)
    program = Lines(job.cell, given.argv, given.environment, given.reach, heard=times.heard)
    transport = CellTransport(program)
    talk = Talk(job, report, transport, given.options, questions)
    try:
        async with times.kept():
            verdict = await talk.through(told)
    except TimeIsUp:
        verdict = times.verdict()
    except Exception as exc:
        # The SDK has classes for some of what goes wrong, and raises the rest without one.
        if not (isinstance(exc, ClaudeSDKError) or type(exc) is Exception):
            raise
        verdict = broken(exc, str(transport.tail), started=transport.command is not None)
    finally:
        await talk.end()
        left = await _clear(job)
        if transport.command is not None and transport.command.usage is not None:
            report.used(transport.command.usage)
    if left is not None and verdict.outcome is Outcome.SUCCEEDED:  # or they would be committed
        if isinstance(left, CannotConfine):
            return verification.unseen(left)
        raise left
    return verdict


async def _clear(job: Job) -> Exception | None:
    """Take stubs away; return why they stay. That is no reason to forget how the run ended."""
    try:
        await stubs.clear(Git(job.cell, job.spec.run))
    except (PmError, OSError) as exc:
        log.warning("run %s: %s", job.spec.run, exc)
        return exc
    return None


def broken(exc: Exception, last: str, *, started: bool) -> Verdict:
    """Return what it comes to that the SDK gave up; `last` is what the CLI said last."""
    if started and (number := killed_by(exc)):
        why = f"the CLI was killed (signal {number})"
        return Verdict(outcome=Outcome.INTERRUPTED, reason=why)
    after = f": {last}" if last else ""
    if str(exc).startswith(_UNANSWERED):
        why = f"Claude Code did not answer within a minute{after}"
        return Verdict(outcome=Outcome.STALLED, reason=why)
    return Verdict(outcome=Outcome.FAILED, reason=f"Claude Code failed: {exc}{after}")


def killed_by(exc: Exception) -> int:
    """Return the signal by which somebody ended the CLI; 0 where nobody did."""
    return speaking.killed_by(exc.exit_code or 0) if isinstance(exc, ProcessError) else 0


def counting(job: Job, counted: float) -> Job:
    """Return a job whose cost is what the session's count has more at its end than `spent`.

    What a run that was killed had cost and never told is in that count, and is told as this one's;
    what it told and the CLI did not write down is not.
    """
    means = job.spec.means
    means = replace(means, spent=min(means.spent, counted))
    return replace(job, spec=replace(job.spec, means=means))


def _ask(report: Report, questions: Sequence[Asked]) -> Verdict:
    for one in questions:
        report.tell(one)
    return Verdict(outcome=Outcome.ASKED)
