"""One run of Claude Code: from its prompt, or an answer, to its result, its question or a limit."""

import asyncio

from claude_agent_sdk import ClaudeSDKError

from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.errors import Refused
from pmrunnerd.services.agents import prompts, verification
from pmrunnerd.services.agents.claude import launch, limits, stubs
from pmrunnerd.services.agents.claude import prompts as claude_prompts
from pmrunnerd.services.agents.claude.launch import Launch
from pmrunnerd.services.agents.claude.permissions import Permissions
from pmrunnerd.services.agents.claude.questions import Questions
from pmrunnerd.services.agents.claude.session import Pending, Session
from pmrunnerd.services.agents.claude.talk import Talk
from pmrunnerd.services.agents.claude.transport import CellTransport
from pmrunnerd.services.agents.protocol import Job, Report, Verdict
from pmrunnerd.services.agents.time_limits import TimeLimits
from pmrunnerd.services.git import Git


async def work(job: Job, report: Report) -> Verdict:
    """Work on a task. Raises Refused where the CLI cannot be started, CannotConfine, OSError."""
    launch.check()
    spec = job.spec
    if not job.cell.confined:
        raise Refused("cannot start Claude Code: it works in a sandbox alone")
    if (over := verification.accepted(spec, report)) is not None:
        return over
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
        last = str(transport.tail)
        why = f"Claude Code failed: {exc}" + (f": {last}" if last else "")
        return Verdict(outcome=Outcome.FAILED, reason=why)
    finally:
        await talk.end()
        await stubs.clear(Git(job.cell, job.spec.run))
        if transport.command is not None and transport.command.usage is not None:
            report.used(transport.command.usage)


def opening(job: Job, pending: Pending, permissions: Permissions, *, resumes: bool) -> list[str]:
    """Return what to say, one after the other; an empty one has the CLI repeat its question."""
    spec = job.spec
    if not resumes:
        return [claude_prompts.first(spec)]
    lost = prompts.lost(job.restored.ref if job.restored and not job.restored.there else "")
    news = "\n\n".join(filter(None, (permissions.news(), verification.instructions(spec))))
    if pending.replays:
        more = "\n\n".join(filter(None, (news, lost)))
        return ["", *([more] if more else [])]
    if news:
        return ["\n\n".join(filter(None, (news, lost)))]
    interrupted = bool(spec.earlier) and spec.earlier[-1] in spec.interrupted
    return [prompts.going_on(spec, interrupted=interrupted, lost=lost)]


def _ask(report: Report, pending: Pending) -> Verdict:
    for one in pending.questions:
        report.tell(one)
    return Verdict(outcome=Outcome.ASKED)
