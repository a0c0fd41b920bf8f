"""The conversation with one agent, and what it comes to."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from acp import AGENT_METHODS, CLIENT_METHODS, RequestError
from acp import schema as sc
from acp.core import Connection
from acp.utils import notify_model, request_model

from pmrunnerd.model import brief
from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.progress import Asked, Told, Used
from pmrunnerd.services.agents.acp import questions
from pmrunnerd.services.agents.acp.entry import Foreign, enter
from pmrunnerd.services.agents.acp.permissions import Permissions
from pmrunnerd.services.agents.acp.translate import Translator
from pmrunnerd.services.agents.acp.transport import CellTransport
from pmrunnerd.services.agents.protocol import Job, Report, Verdict
from pmrunnerd.services.agents.review import Result
from pmrunnerd.services.agents.speaking import HASTE, Lines
from pmrunnerd.services.agents.verification import Verification

# How long one may go on that was told to leave off, in seconds.
_PATIENCE: Final = 5.0
_DONE: Final = "end_turn"
_REFUSED: Final = "refusal"
_ENDS: Final = {
    "max_tokens": "had said all that it may at once",
    "max_turn_requests": "had taken all the turns that it may",
    _REFUSED: "refused to go on",
    "cancelled": "left off, and nobody had told it to",
}


class Talk:
    """The conversation of one run. Not to be used twice."""

    def __init__(self, job: Job, report: Report, lines: Lines, permissions: Permissions) -> None:
        self._workspace = job.spec.workspace
        self._report = report
        self._lines = lines
        self._permissions = permissions
        self._translator = Translator(job.spec.means.spent)
        self._verification = Verification(job, report)
        self._transport = CellTransport(lines, self._hear)
        self._connection: Connection | None = None
        self._session = ""
        # What a session says while it is loaded, it has said before.
        self._listens = False
        self._turns = False
        self._leaving: asyncio.Timeout | None = None
        self._wanted: list[Asked] = []
        self._is_told = False

    async def through(
        self, remembered: str, remember: Callable[[str], None], opening: Callable[[bool], str]
    ) -> Verdict:
        """Enter a session, say what is to be said, and listen to the end.

        `opening` returns that, by whether the session is the one that was `remembered`. Raises
        ConnectionError, RequestError, ValidationError, Foreign; GitFailed, OSError.
        """
        try:
            await self._lines.start()
            self._connection = Connection(self._answer, self._transport)
            entered = await enter(self._connection, self._workspace, remembered)
            self._session, self._listens = entered.name, True
            remember(entered.name)
            told = opening(entered.loaded)
            while (verdict := await self._turn(told)) is None:
                told = self._verification.sent_back
        except ConnectionError:
            if self._transport.failure is not None:
                raise self._transport.failure from None
            raise
        return verdict

    async def end(self, *, soon: bool = False) -> None:
        """Say nothing more, and return when nothing of the other side is left: `soon`, in 2 seconds."""
        try:
            if self._connection is not None:
                with contextlib.suppress(ConnectionError, TimeoutError):
                    async with asyncio.timeout(HASTE if soon else _PATIENCE):
                        if self._turns:
                            await self._cancel(self._connection)
                        await self._connection.close()
        finally:
            await self._lines.close(soon=soon)

    def _hear(self, update: Mapping[str, Any]) -> None:
        if self._listens:
            for said in self._translator.translate(update):
                self._report.tell(said)
                if isinstance(said, Used):
                    self._note_told()

    def _note_told(self) -> None:
        """Report that the session knows what it was told: its model has answered, and it went on."""
        if not self._is_told:
            self._is_told = True
            self._report.tell(Told(at=""))

    async def _turn(self, told: str) -> Verdict | None:
        """Return what a turn comes to; None where the work is sent back."""
        assert self._connection is not None
        self._translator.last = ""
        self._turns = True
        reason = ""
        try:
            async with asyncio.timeout(None) as self._leaving:
                answer = await request_model(
                    self._connection,
                    AGENT_METHODS["session_prompt"],
                    sc.PromptRequest(
                        session_id=self._session,
                        prompt=[sc.TextContentBlock(type="text", text=told)],
                    ),
                    sc.PromptResponse,
                )
            self._turns, reason = False, answer.stop_reason
        except (TimeoutError, RequestError, ConnectionError):
            if not self._wanted or self._transport.failure is not None:
                raise
        for said in self._translator.rest():
            self._report.tell(said)
        # What was refused, and all after it, is in no later prompt to the model.
        if self._translator.has_heard and reason not in {"", _REFUSED}:
            self._note_told()
        if self._wanted:
            for one in self._wanted:
                self._report.tell(one)
            return Verdict(outcome=Outcome.ASKED)
        if reason != _DONE:
            raise Foreign(_ENDS.get(reason, reason))
        if not self._translator.last.strip():
            raise Foreign("ended without a word")
        summary = brief.cut(self._translator.last.strip(), brief.RESULT)
        return await self._verification.judge(Result(summary))

    async def _answer(self, method: str, params: Any, is_notification: bool) -> Any:  # noqa: FBT001 - the library calls it so
        """Answer what the agent asks of us."""
        if is_notification:
            return None  # heard as it came
        given = params if isinstance(params, dict) else {}
        if method == CLIENT_METHODS["session_request_permission"]:
            return {"outcome": await self._permit(given)}
        if method == CLIENT_METHODS["elicitation_create"]:
            return {"action": await self._elicited(given)}
        raise RequestError.method_not_found(method)

    async def _permit(self, given: Mapping[str, Any]) -> dict[str, str]:
        call, options = given.get("toolCall"), given.get("options")
        if not isinstance(call, dict) or not isinstance(options, list):
            raise RequestError.invalid_params({"details": "no toolCall, or no options"})
        offered = [option for option in options if isinstance(option, dict)]
        decided = self._permissions.decide(self._translator.call(call), offered)
        if isinstance(decided, str):
            return {"outcome": "selected", "optionId": decided}
        await self._leave([decided])
        return {"outcome": "cancelled"}

    async def _elicited(self, form: Mapping[str, Any]) -> str:
        asked = questions.read(form)
        if not asked:
            return "decline"
        await self._leave(asked)
        return "cancel"

    async def _leave(self, wanted: Sequence[Asked]) -> None:
        """Have the agent leave off, for a person is asked."""
        known = {(one.key, one.text) for one in self._wanted}
        fresh = [one for one in wanted if (one.key, one.text) not in known]
        first, self._wanted = not known, self._wanted + fresh
        if first and self._connection is not None and self._leaving is not None:
            self._leaving.reschedule(asyncio.get_running_loop().time() + _PATIENCE)
            await self._cancel(self._connection)

    async def _cancel(self, connection: Connection) -> None:
        await notify_model(
            connection,
            AGENT_METHODS["session_cancel"],
            sc.CancelNotification(session_id=self._session),
        )
