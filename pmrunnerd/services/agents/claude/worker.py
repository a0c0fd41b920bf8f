"""One run of Claude Code: from the prompt, or the answer, to its result, its question or a limit."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import Final

from claude_agent_sdk import (
    AssistantMessage,
    ClaudeSDKClient,
    ClaudeSDKError,
    Message,
    ResultMessage,
    SystemMessage,
    ToolUseBlock,
)

from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.errors import Refused
from pmrunnerd.services.agents.claude import launch, questions
from pmrunnerd.services.agents.claude.questions import Asking, Questions
from pmrunnerd.services.agents.claude.session import Session
from pmrunnerd.services.agents.claude.translate import Translator
from pmrunnerd.services.agents.claude.transport import CellTransport
from pmrunnerd.services.agents.protocol import Job, Report, Verdict

SECRET: Final = "agent.json"
_CONTINUE: Final = (
    "You were interrupted. What you had changed is there as you left it. Go on with the task, and"
    " look first at what is done."
)
_DEFERRED: Final = "tool_deferred"
_LOGIN: Final = "pmrunnerctl agent login"


async def work(job: Job, report: Report) -> Verdict:
    """Work on a task. Raises Refused where the CLI cannot be started, CannotConfine, OSError."""
    launch.check()
    spec = job.spec
    if not job.cell.confined:
        raise Refused("cannot start Claude Code: it works in a sandbox alone")
    runs = job.directory.parent.parent
    session = Session(job.directory, spec.session, [runs / run / "agent" for run in spec.earlier])
    await asyncio.to_thread(session.prepare)
    resumes, waits = session.transcript() is not None, session.waits()
    known = Questions(spec.answers)
    options = launch.options(spec, known, resumes=resumes)
    limits = _Limits(spec.limits.total, spec.limits.silence)
    transport = CellTransport(
        job.cell,
        launch.argv(options),
        launch.environment({**job.secret}),
        launch.reach(session.directory),
        heard=limits.heard,
    )
    talk = _Talk(ClaudeSDKClient(options, transport=transport), report)
    try:
        async with limits:
            # With a question that waits no prompt: its call is replayed, and this time answered.
            prompt = "" if waits else (_CONTINUE if resumes else spec.text)
            return await talk.through(prompt)
    except TimeoutError:
        return limits.verdict()
    except ClaudeSDKError as exc:
        return _failed(str(exc), str(transport.tail))
    finally:
        await transport.close()
        if transport.command is not None and transport.command.usage is not None:
            report.used(transport.command.usage)


class _Limits:
    """The time that a run may take, and may be silent. `heard` begins the silence anew."""

    def __init__(self, total: float, silence: float) -> None:
        self._seconds = total, silence
        self._total = asyncio.timeout(total)
        self._silence = asyncio.timeout(silence)

    async def __aenter__(self) -> None:
        await self._total.__aenter__()
        await self._silence.__aenter__()

    async def __aexit__(self, *raised: object) -> None:
        try:
            await self._silence.__aexit__(*raised)  # type: ignore[arg-type]
        except BaseException as exc:
            await self._total.__aexit__(type(exc), exc, exc.__traceback__)
            raise
        await self._total.__aexit__(*raised)  # type: ignore[arg-type]

    def heard(self) -> None:
        """Begin to count the silence anew."""
        if not self._silence.expired():
            loop = asyncio.get_running_loop()
            self._silence.reschedule(loop.time() + self._seconds[1])

    def verdict(self) -> Verdict:
        """Return which limit ended the run."""
        total, silence = self._seconds
        if self._silence.expired():
            return Verdict(outcome=Outcome.STALLED, reason=f"silent for {silence:g} s")
        return Verdict(outcome=Outcome.TIMED_OUT, reason=f"not done after {total:g} s")


class _Talk:
    """The conversation of one run, and what it comes to."""

    def __init__(self, client: ClaudeSDKClient, report: Report) -> None:
        self._client = client
        self._report = report
        self._translator = Translator()
        self._asked: dict[str, tuple[Asking, ...]] = {}

    async def through(self, prompt: str) -> Verdict:
        """Say the prompt, if there is one, and listen to the end."""
        await self._client.connect()
        if prompt:
            await self._client.query(prompt)
        async for message in self._messages():
            for said in self._translator.translate(message):
                self._report.tell(said)
            match message:
                case AssistantMessage(content=blocks):
                    for block in blocks:
                        if isinstance(block, ToolUseBlock) and block.name == questions.TOOL:
                            self._asked[block.id] = questions.read(block.input)
                case SystemMessage(subtype="api_retry", data=data) if _is_refused(data):
                    return _failed("the model's service does not know us (401)", hint=_LOGIN)
                case ResultMessage():
                    return self._judge(message)
        return _failed("it ended without a result")

    async def _messages(self) -> AsyncIterator[Message]:
        async for message in self._client.receive_messages():
            yield message

    def _judge(self, result: ResultMessage) -> Verdict:
        if result.stop_reason == _DEFERRED:
            for asked in self._asked.values():
                for one in asked:
                    self._report.asked(one.text, one.options)
            return Verdict(outcome=Outcome.ASKED)
        if result.is_error:
            hint = _LOGIN if getattr(result, "api_error_status", None) in {401, 403} else ""
            return _failed(result.result or result.subtype, hint=hint)
        return Verdict(outcome=Outcome.SUCCEEDED, status=0)


def _is_refused(data: Mapping[str, object]) -> bool:
    return "authentication" in json.dumps(data)


def _failed(reason: str, last: str = "", *, hint: str = "") -> Verdict:
    said = ": ".join(filter(None, (f"Claude Code failed: {reason}", last)))
    return Verdict(outcome=Outcome.FAILED, reason=f"{said}; {hint}" if hint else said)
