"""One run of an agent of the protocol: from its prompt, or an answer, to its end or its question."""

import asyncio
import json
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from acp import RequestError
from pydantic import ValidationError

from pmrunnerd.model import brief
from pmrunnerd.model.entities import Outcome, TaskKind
from pmrunnerd.model.errors import Refused
from pmrunnerd.services.agents import kept, prompts, verification
from pmrunnerd.services.agents.acp import session
from pmrunnerd.services.agents.acp.entry import Foreign
from pmrunnerd.services.agents.acp.launch import Launch, launch
from pmrunnerd.services.agents.acp.permissions import Permissions
from pmrunnerd.services.agents.acp.prompts import opening
from pmrunnerd.services.agents.acp.talk import Talk
from pmrunnerd.services.agents.protocol import Job, Report, Verdict
from pmrunnerd.services.agents.speaking import Lines, Unheard, killed_by
from pmrunnerd.services.agents.targets import short
from pmrunnerd.services.agents.time_limits import TimeIsUp, TimeLimits

_PATIENCE: Final = 5.0
_NOBODY: Final = -32000
_LOGIN: Final = (
    "it wants to be logged in; what it needs for that comes by agent.acp.env or agent.acp.shown"
)


async def work(job: Job, report: Report) -> Verdict:
    """Work on a task. Raises Refused where the program cannot be started, CannotConfine, OSError."""
    spec = job.spec
    if spec.kind is TaskKind.PLANNING:
        raise Refused(
            "cannot plan with agent acp: it makes no plans",
            hint="cancel the plan, and send the message again",
        )
    if (over := verification.accepted(job, report)) is not None:
        return over
    given = launch(job)
    runs = job.directory.parent.parent
    earlier = [runs / run / "agent" for run in spec.earlier]
    await asyncio.to_thread(kept.prepare, job.directory, earlier)
    return await _talk(job, report, given, session.remembered(job.directory, earlier))


async def _talk(job: Job, report: Report, given: Launch, remembered: str) -> Verdict:
    spec = job.spec
    times = TimeLimits(spec.limits)
    lines = Lines(job.cell, given.argv, given.environment, given.reach, heard=times.heard)
    permissions = Permissions(spec.answers, spec.workspace)
    talk = Talk(job, report, lines, permissions)
    is_to_end = False
    lost = prompts.lost(job.restored.ref if job.restored and not job.restored.there else "")
    try:
        async with times.kept():
            return await talk.through(
                remembered,
                partial(session.remember, job.directory),
                lambda loaded: opening(spec, permissions, lost, loaded=loaded),
            )
    except asyncio.CancelledError:
        is_to_end = True
        raise
    except TimeIsUp:
        return times.verdict()
    except ConnectionError:
        return await _ended(lines)
    except RequestError as exc:
        return _failed(_error(exc), lines)
    except ValidationError as exc:
        wrong = exc.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(map(str, wrong["loc"]))
        return _failed(f"it said what is not of the protocol: {where}: {wrong['msg']}", lines)
    except Foreign as exc:
        return _failed(f"it {exc}", lines)
    finally:
        await talk.end(soon=is_to_end)
        if lines.command is not None and lines.command.usage is not None:
            report.used(lines.command.usage)


async def _ended(lines: Lines) -> Verdict:
    """Return what comes of a program that says nothing more."""
    try:
        async with asyncio.timeout(_PATIENCE):
            status = await lines.ended()
    except TimeoutError:
        return _failed("it stays, and says nothing more", lines)
    except Unheard as exc:
        return _failed(f"it {exc}", lines)
    if number := killed_by(status):
        why = f"the agent was killed (signal {number})"
        return Verdict(outcome=Outcome.INTERRUPTED, reason=why)
    return _failed(f"it ended before it was done, with exit status {status}", lines)


def _error(exc: RequestError) -> str:
    if exc.code == _NOBODY:
        return _LOGIN
    data: Any = exc.data
    details = data.get("details") if isinstance(data, Mapping) else None
    more = str(details) if details else short(json.dumps(data)) if data else ""
    return f"it answered {exc}" + (f": {more}" if more else "")


def _failed(why: str, lines: Lines) -> Verdict:
    last = str(lines.tail)
    reason = f"the agent failed: {why}" + (f": {last}" if last else "")
    return Verdict(outcome=Outcome.FAILED, reason=brief.cut(reason, brief.REASON))
