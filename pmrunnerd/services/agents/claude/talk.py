"""The conversation with one Claude Code, and what it comes to."""

from datetime import UTC, datetime
from typing import Final

from claude_agent_sdk import (
    AssistantMessage,
    ClaudeAgentOptions,
    ClaudeSDKClient,
    Message,
    ResultMessage,
    UserMessage,
)

from pmrunnerd.model import brief
from pmrunnerd.model.entities import Outcome, TaskKind
from pmrunnerd.model.progress import Asked, Limited, Served, Told
from pmrunnerd.services.agents.claude import asked, limits, provider, results
from pmrunnerd.services.agents.claude.meter import Meter
from pmrunnerd.services.agents.claude.questions import Questions
from pmrunnerd.services.agents.claude.translate import Translator, is_answer
from pmrunnerd.services.agents.claude.transport import CellTransport
from pmrunnerd.services.agents.claude.turn import Turn
from pmrunnerd.services.agents.protocol import Job, Report, Verdict
from pmrunnerd.services.agents.verification import Verification

_DEFERRED: Final = "tool_deferred"
_TURNS: Final = "error_max_turns"
_FOLLOWS: Final = (UserMessage, ResultMessage)
_LIMITS: Final = frozenset({_TURNS, "error_max_budget_usd"})


class Talk:
    """The conversation of one run. Not to be used twice."""

    def __init__(
        self,
        job: Job,
        report: Report,
        transport: CellTransport,
        options: ClaudeAgentOptions,
        questions: Questions,
    ) -> None:
        spec = job.spec
        self._transport = transport
        self._refusals = provider.Refusals()
        meter = Meter(transport, self._charge, self._refusals.hear)
        self._client = ClaudeSDKClient(options, transport=meter)
        self._report = report
        self._verification = Verification(job, report)
        self._questions = questions
        self._spec = spec
        self._translator = Translator(spec.means.spent, questions.refused)
        self._turn = Turn()
        self._is_answered = self._is_told = self._is_served = False

    async def through(self, told: str) -> Verdict:
        """Say what is to be said, and listen to the end. Raises ClaudeSDKError, GitFailed."""
        await self._client.connect()
        if told:
            await self._client.query(told)
        async for message in self._client.receive_messages():
            self._hear(message)
            limit = provider.limit(message, self._refusals.named, datetime.now(UTC))
            if limit is not None:
                return await self._limited(limit, is_over=isinstance(message, ResultMessage))
            self._note_told(message)
            if isinstance(message, ResultMessage):
                verdict = await self._judge(message)
                if verdict is None:
                    await self._client.query(self._verification.sent_back)
                    continue
                self._transport.is_over = True
                return verdict
        return _failed("it ended without a result")

    async def end(self) -> None:
        """Say nothing more, and return when nothing of the other side is left."""
        await self._client.disconnect()
        await self._transport.close()

    def _hear(self, message: Message) -> None:
        if not self._is_served and is_answer(message):
            self._is_served = True
            self._report.tell(Served(at=""))
        for said in self._translator.translate(message):
            self._report.tell(said)
        self._turn.hear(message)

    def _note_told(self, message: Message) -> None:
        # What comes after a model's answer: by then the CLI has written down what it was told.
        if isinstance(message, AssistantMessage):
            self._is_answered = self._is_answered or message.error is None
        elif self._is_answered and not self._is_told and isinstance(message, _FOLLOWS):
            self._is_told = True
            self._report.tell(Told(at=""))

    async def _judge(self, result: ResultMessage) -> Verdict | None:
        """Return what a turn comes to; None where it is sent back."""
        if self._questions.wanted:  # the CLI has asked about the first, and called no other
            await self._questions.look_at(self._turn.uses)
        wanted = self._questions.wanted
        if result.stop_reason == _DEFERRED or wanted or self._questions.unanswered:
            return self._ask([*self._open(result), *wanted])
        if result.subtype in _LIMITS:
            return self._ask([self._limit(result)])
        if result.is_error:
            return _failed(result.result or "; ".join(result.errors or ()) or result.subtype)
        if self._spec.kind is TaskKind.PLANNING:
            return self._planned(result)
        return await self._worked(result)

    def _open(self, result: ResultMessage) -> list[Asked]:
        found = self._turn.questions(self._questions.unanswered)
        if not found and result.deferred_tool_use is not None:
            # Repeated on a resume, it is not said again what is asked.
            return list(asked.read(result.deferred_tool_use.input, result.deferred_tool_use.id))
        return found

    def _planned(self, result: ResultMessage) -> Verdict:
        plan = results.plan(result.structured_output)
        if plan is None:
            return _failed("it ended without a plan")
        if (size := results.size(result.structured_output)) > results.LONGEST:
            return _failed(f"its plan has {size >> 20} MiB")
        self._report.tell(plan)
        return Verdict(outcome=Outcome.SUCCEEDED)

    async def _worked(self, message: ResultMessage) -> Verdict | None:
        result = results.result(message.structured_output)
        if result is None:
            return _failed("it ended without a result")
        return await self._verification.judge(result)

    def _limit(self, result: ResultMessage) -> Asked:
        means = self._spec.means
        if result.subtype == _TURNS or means.budget is None:
            return limits.turns(means.turns)
        cost = max(0.0, (result.total_cost_usd or 0.0) - means.spent)
        return limits.dollars(means.budget, cost)

    def _ask(self, questions: list[Asked]) -> Verdict:
        if not questions:
            return _failed("it asked, and not what")
        for one in questions:
            self._report.tell(one)
        return Verdict(outcome=Outcome.ASKED)

    def _charge(self, total: float) -> None:
        for charged in self._translator.count(total):
            self._report.tell(charged)

    async def _limited(self, limit: Limited, *, is_over: bool) -> Verdict:
        if is_over:  # it writes down what the session has cost, which the next run begins with
            self._transport.is_over = True
        else:  # it would try again and be refused again, or wait with a workspace in its hands
            await self._transport.kill()
        self._report.tell(limit)
        return Verdict(outcome=Outcome.LIMITED, reason=limit.reason)


def _failed(reason: str) -> Verdict:
    return Verdict(
        outcome=Outcome.FAILED, reason=brief.cut(f"Claude Code failed: {reason}", brief.REASON)
    )
