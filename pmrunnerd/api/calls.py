"""The calls of one client that are under way, each answered by its number when it is done."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any, Final

import msgspec

from pmrunnerd.api import intake
from pmrunnerd.api.access import Caller
from pmrunnerd.api.feed import Restored, Stream, cursor_of
from pmrunnerd.api.lobby import Lobby
from pmrunnerd.api.outbox import Outbox
from pmrunnerd.api.respond import act, change, explain, look, stream
from pmrunnerd.model import frames as f
from pmrunnerd.model import protocol as p
from pmrunnerd.model.errors import BadRequest, TooLarge

# Spelled once: it costs more than many an answer.
_NAMES: Final = {command.request: command.name for command in p.COMMANDS}

_encoder: Final = msgspec.msgpack.Encoder()


class Calls:
    """What only looks is answered at once; changes and streams are tasks of the lobby's group.

    `done` is called whenever one of them is over.
    """

    def __init__(
        self,
        lobby: Lobby,
        caller: Caller,
        outbox: Outbox,
        done: Callable[[], None],
    ) -> None:
        self._desk, self._store = lobby.desk, lobby.desk.store
        self._group = lobby.group
        self._remembered = lobby.remembered
        self._lag = lobby.limits.lag
        self._caller = caller
        self._outbox = outbox
        self._when_done = done
        self.under_way: dict[int, asyncio.Task[None]] = {}
        self._cursors: dict[int, int] = {}  # of those that are streams
        self._why_closed = "end"

    def __len__(self) -> int:
        return len(self.under_way)

    def take(self, call: intake.Asked | f.Call) -> None:
        """Begin a call. Raises BadRequest where one of that number is under way."""
        if call.call in self.under_way:
            raise BadRequest(
                f"cannot take call {call.call}: that one is under way",
                hint="number the calls of a connection one after the other",
            )
        if isinstance(call, intake.Asked):
            known = self._remembered.find(self._store.durable, call.request)
            if known is not None:
                self._outbox.send(f.encode(f.Ok(call=call.call, result=known)))
                return
        self._begin(call)

    def _begin(self, call: intake.Asked | f.Call) -> None:
        asked = "read the request"
        try:
            if isinstance(call, f.Call):
                request = intake.request(call.request, self._desk.release)
            else:
                request = call.request
            command = p.BY_REQUEST[type(request)]
            asked = _NAMES[type(request)]
            if command.stream:
                items = stream(self._desk, self._caller, request)
                self._cursors[call.call] = cursor_of(request)
                self._start(call.call, asked, self._follow(call.call, asked, items))
            elif command.waits:
                self._start(call.call, asked, self._act(call.call, asked, request))
            elif command.changes:
                work = self._change(call.call, asked, request, call.request_id)
                self._start(call.call, asked, work)
            else:
                reply = _encoder.encode(look(self._desk, self._caller, request))
                self._remembered.keep(request, reply)
                self._answer(call.call, asked, reply)
        except Exception as exc:  # noqa: BLE001 - the caller is told, and the log if it is a bug
            self.fail(call.call, asked, exc)

    def cancel(self, call: int) -> None:
        """Close a stream that its follower has enough of. A change cannot be taken back so."""
        if call in self._cursors:
            self.under_way[call].cancel()

    def close_streams(self, why: str) -> None:
        """Close all streams; each says from where to go on."""
        self._why_closed = why
        for call in self._cursors:
            self.under_way[call].cancel()

    def abort(self) -> None:
        """Wait for nothing any more."""
        for task in self.under_way.values():
            task.cancel()

    def fail(self, call: int, asked: str, exc: Exception) -> None:
        """Answer that something could not be done."""
        why = explain(self._desk, asked, exc)
        failed = f.Failed(
            call=call, code=why.code, message=why.message, hint=why.hint, retryable=why.retryable
        )
        self._outbox.send(f.encode(failed))

    def _start(self, call: int, asked: str, work: Coroutine[Any, Any, None]) -> None:
        task = self._group.create_task(work, name=f"control: {asked}")
        self.under_way[call] = task
        task.add_done_callback(lambda over: self._done(call, cancelled=over.cancelled()))

    def _done(self, call: int, *, cancelled: bool) -> None:
        del self.under_way[call]
        cursor = self._cursors.pop(call, None)
        if cancelled and cursor is not None:
            closed = f.Closed(call=call, reason=self._why_closed, cursor=cursor)
            self._outbox.send(f.encode(closed))
        self._when_done()

    async def _change(
        self, call: int, asked: str, request: p.Request[Any], identifier: str
    ) -> None:
        try:
            reply = await change(self._desk, self._caller, request, identifier)
        except Exception as exc:  # noqa: BLE001 - as above
            self.fail(call, asked, exc)
        else:
            self._answer(call, asked, reply)

    async def _act(self, call: int, asked: str, request: p.Request[Any]) -> None:
        try:
            reply = await act(self._desk, self._caller, request)
        except Exception as exc:  # noqa: BLE001 - as above
            self.fail(call, asked, exc)
        else:
            self._answer(call, asked, _encoder.encode(reply))

    async def _follow(self, call: int, asked: str, items: Stream) -> None:
        reason = "end"
        try:
            async with contextlib.aclosing(items):
                async for some in items:
                    # Only now, when there is more: who has been told all may sleep as it likes.
                    if not await self._has_room():
                        reason = "lagged"
                        break
                    for item in some:
                        self._outbox.send(f.encode(f.Item(call=call, item=item)))
                    self._cursors[call] = some[-1].cursor
        except Restored as instead:
            closed = f.Closed(call=call, reason="restored", cursor=instead.cursor)
            self._outbox.send(f.encode(closed))
        except Exception as exc:  # noqa: BLE001 - as above
            self.fail(call, asked, exc)
        else:
            closed = f.Closed(call=call, reason=reason, cursor=self._cursors[call])
            self._outbox.send(f.encode(closed))

    async def _has_room(self) -> bool:
        """Wait until the follower has taken what it was sent; False where it does not in time."""
        self._outbox.flush()
        if self._outbox.has_room:
            return True
        try:
            async with asyncio.timeout(self._lag):
                await self._outbox.room()
        except TimeoutError:
            return False
        return True

    def _answer(self, call: int, asked: str, reply: bytes) -> None:
        frame = f.encode(f.Ok(call=call, result=msgspec.Raw(reply)))
        if len(frame) - f.HEADER <= f.FRAME_LIMIT:
            self._outbox.send(frame)
            return
        hint = "ask for less with --limit, or for one project"
        what = f"cannot do {asked}: the answer has {len(frame)} bytes, more than {f.FRAME_LIMIT}"
        self.fail(call, asked, TooLarge(what, hint=hint))
