"""One run of Claude Code: from its prompt, or an answer, to its result, its question or a limit."""

import asyncio
from signal import SIGHUP, SIGINT, SIGKILL, SIGTERM
from typing import Final

from claude_agent_sdk import ClaudeSDKError, ProcessError

from pmrunnerd.model.entities import Outcome, TaskKind
from pmrunnerd.model.errors import Refused
from pmrunnerd.model.progress import Concluded, Spec
from pmrunnerd.model.questions import ACCEPT, Kind
from pmrunnerd.services.agents.claude import launch, limits, prompts, stubs
from pmrunnerd.services.agents.claude.launch import Launch
from pmrunnerd.services.agents.claude.permissions import Permissions
from pmrunnerd.services.agents.claude.questions import Questions
from pmrunnerd.services.agents.claude.session import Pending, Session
from pmrunnerd.services.agents.claude.talk import Talk
from pmrunnerd.services.agents.claude.time_limits import TimeLimits
from pmrunnerd.services.agents.claude.transport import CellTransport
from pmrunnerd.services.agents.protocol import Job, Report, Verdict
from pmrunnerd.services.git import Git

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
        report.tell(Concluded(at="", text="a person accepted it as it was"))
        return Verdict(outcome=Outcome.SUCCEEDED)
    budget = spec.means.budget
    if budget is not None and budget.left <= 0:
        report.tell(limits.dollars(budget, 0.0))
        return Verdict(outcome=Outcome.ASKED)
    runs = job.directory.parent.parent
    session = Session(job.directory, spec.session, [runs / run / "agent" for run in spec.earlier])
    await asyncio.to_thread(session.prepare)
    await asyncio.to_thread(stubs.ignore, job.directory)
    resumes, pending = session.transcript() is not None, session.pending()
    permissions = Permissions(
        spec.answers, spec.workspace, spec.earlier[-1] if spec.earlier else ""
    )
    questions = Questions(spec.answers, pending.calls.keys(), permissions)
    if pending.replays and not questions.knows(pending.questions):
        # Killed before it could say what it asks. The CLI would ask again, and may not be heard.
        return _ask(report, pending)
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
            return await talk.through(told)
    except TimeoutError:
        return times.verdict()
    except ClaudeSDKError as exc:
        if (number := killed_by(exc)) and transport.command is not None:
            why = f"the CLI was killed (signal {number})"
            return Verdict(outcome=Outcome.INTERRUPTED, reason=why)
        last = str(transport.tail)
        why = f"Claude Code failed: {exc}" + (f": {last}" if last else "")
        return Verdict(outcome=Outcome.FAILED, reason=why)
    finally:
        await talk.end()
        await stubs.clear(Git(job.cell, job.spec.run))
        if transport.command is not None and transport.command.usage is not None:
            report.used(transport.command.usage)


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
    if not resumes:
        return [prompts.first(spec)]
    lost = prompts.lost(job.restored.ref if job.restored and not job.restored.there else "")
    news = "\n\n".join(filter(None, (permissions.news(), _said(spec))))
    if pending.replays:
        more = "\n\n".join(filter(None, (news, lost)))
        return ["", *([more] if more else [])]
    if news:
        return ["\n\n".join(filter(None, (news, lost)))]
    interrupted = bool(spec.earlier) and spec.earlier[-1] in spec.interrupted
    return [prompts.going_on(spec, interrupted=interrupted, lost=lost)]


def _last(spec: Spec, kind: Kind) -> str:
    """Return what a person answered to what the run before this one asked; empty for nothing."""
    before = spec.earlier[-1] if spec.earlier else ""
    found = [one.answer for one in spec.answers if one.kind is kind and one.run == before]
    return found[-1] if found else ""


def _is_accepted(spec: Spec) -> bool:
    return spec.kind is TaskKind.WORK and _last(spec, Kind.FINDINGS) == ACCEPT


def _said(spec: Spec) -> str:
    return prompts.instructed(said) if (said := _last(spec, Kind.FINDINGS)) else ""


def _ask(report: Report, pending: Pending) -> Verdict:
    for one in pending.questions:
        report.tell(one)
    return Verdict(outcome=Outcome.ASKED)
