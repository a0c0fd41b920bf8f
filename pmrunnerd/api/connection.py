"""One client on the control socket, from its hello to its end: who it is and how far it may go."""

import asyncio
import logging
from time import monotonic
from typing import Final

from pmrunnerd.api import intake
from pmrunnerd.api.calls import Calls
from pmrunnerd.api.deadline import Deadline
from pmrunnerd.api.lobby import Lobby
from pmrunnerd.api.outbox import Outbox
from pmrunnerd.api.respond import explain
from pmrunnerd.model import frames as f
from pmrunnerd.model.errors import BadRequest, TooLarge
from pmrunnerd.rules import lineage

log = logging.getLogger(__name__)

# So much of what a stranger may have put into a reason goes into the log, in characters.
REASON: Final = 200


class Connection(asyncio.Protocol):
    """Reads only while it may: not with too many calls under way, nor while answers pile up."""

    def __init__(self, lobby: Lobby) -> None:
        self._lobby = lobby
        self._limits = lobby.limits
        self._intake = intake.Intake()
        self._calls: Calls | None = None
        self._deadline = Deadline()
        self._paused = self._turn_due = False
        self._said_all = self._stopping = self._leaving = False
        self.has_asked = False

    @property
    def pending(self) -> int:
        """The bytes of answers that wait for the client to read them."""
        return self._transport.get_write_buffer_size()

    # What the transport tells us

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._outbox = Outbox(transport)
        self._lobby.present.add(self)
        try:
            self._caller = self._lobby.roles.admit(transport.get_extra_info("socket"))
            self._lobby.check_room()
        except Exception as exc:  # noqa: BLE001 - the caller is told, and the log if it is a bug
            self._refuse(exc)
        else:
            self._deadline.set(self._limits.hello, self._too_slow)

    def data_received(self, data: bytes) -> None:
        self._intake.add(data)
        self._turn()

    def eof_received(self) -> bool:
        """Answer what was asked. Streams end: there may be nobody at the other end any more."""
        self._said_all = True
        self._turn()
        return True  # open for the answers

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - gone is gone
        self._leaving = True
        self._deadline.stop()
        self._outbox.close()
        if self._calls is not None:
            # Changes go on: they are decided, only nobody hears of it.
            self._calls.close_streams("end")
        self._lobby.present.discard(self)
        self._lobby.moved.set()

    def pause_writing(self) -> None:
        self._outbox.pause()

    def resume_writing(self) -> None:
        self._outbox.resume()
        self._turn()

    # Leaving

    def stop(self) -> None:
        """Take no more calls, answer those under way, close streams, leave."""
        if self._leaving:
            return
        self._stopping = True
        self._deadline.stop()
        self._transport.pause_reading()
        if self._calls is not None:
            self._calls.close_streams("stopping")
        self._leave_if_idle()

    def abort(self) -> None:
        """Leave at once, whatever is under way."""
        self._leaving = True
        if self._calls is not None:
            self._calls.abort()
        self._transport.abort()

    def _leave_if_idle(self) -> None:
        if self._calls or self._leaving:
            return
        if self._said_all and self._intake:
            self._say(BadRequest("cannot read a frame: it ended in the middle", hint=intake.HINT))
        self._leave()

    def _leave(self) -> None:
        """Send what is left to somebody who takes it in time, and hang up."""
        self._leaving = True
        self._outbox.close()
        self._transport.close()
        self._deadline.set(self._limits.farewell, self._transport.abort)

    def _refuse(self, exc: Exception) -> None:
        """Say what is wrong with the connection itself, and hang up."""
        self._say(exc)
        if self._calls is not None:
            self._calls.close_streams("end")
        self._leave()

    def _say(self, exc: Exception) -> None:
        """Say what is wrong with the connection itself: that is call 0."""
        why = explain(self._lobby.desk, "talk to you", exc)
        fields = {"door": "control", "code": why.code, "reason": why.message[:REASON]}
        log.warning("connection-refused", extra={"fields": fields})
        failed = f.Failed(
            call=0, code=why.code, message=why.message, hint=why.hint, retryable=why.retryable
        )
        self._outbox.send(f.encode(failed))

    # Reading

    def _turn(self) -> None:
        """Take frames as long as we may."""
        self._turn_due = False
        if self._leaving or self._stopping:
            return
        until = monotonic() + self._limits.turn
        body: bytearray | None = bytearray()
        whole = False  # whether a frame has come to its end, and its deadline with it
        self._outbox.collecting = True
        try:
            while self._may_read() and (body := self._intake.next()) is not None:
                self._take(intake.frame(body))
                whole = True
                if monotonic() > until:
                    self._turn_due = True
                    self._loop.call_soon(self._turn)
        except (BadRequest, TooLarge) as exc:
            self._refuse(exc)
            return
        self._outbox.flush()
        if whole:
            self._deadline.stop()
        if not self._said_all:
            self._watch()
        elif body is None:
            if self._calls is not None:
                self._calls.close_streams("end")
            self._leave_if_idle()

    def _may_read(self) -> bool:
        if self._turn_due or not self._outbox.has_room:
            return False
        calls = self._calls
        return calls is None or len(calls.under_way) < self._limits.in_flight

    def _watch(self) -> None:
        """Read on or not; a frame that has begun has its deadline, unless it is we who wait."""
        may = self._may_read()
        if may == self._paused:
            self._paused = not may
            (self._transport.resume_reading if may else self._transport.pause_reading)()
        if not (may and self._intake):
            self._deadline.stop()
        elif not self._deadline.is_set:
            self._deadline.set(self._limits.frame, self._too_slow)

    def _take(self, frame: f.Hello | intake.Asked | f.Call | f.Cancel) -> None:
        if isinstance(frame, intake.Asked) and self.has_asked and self._calls is not None:
            self._calls.take(frame)  # what almost every frame is
        elif self._calls is None or isinstance(frame, f.Hello):
            if self._calls is not None or not isinstance(frame, f.Hello):
                raise BadRequest(
                    "cannot talk to you: a hello comes first, and once", hint=intake.HINT
                )
            self._greet(frame)
        elif isinstance(frame, f.Cancel):
            self._calls.cancel(frame.call)
        else:
            self._calls.take(frame)
            if not self.has_asked:
                self.has_asked = True
                self._lobby.moved.set()

    def _greet(self, theirs: f.Hello) -> None:
        desk = self._lobby.desk
        ours = f.Hello(
            environment=desk.environment,
            release=desk.release,
            lineage=lineage.current(desk.store.state),
        )
        self._outbox.send(f.encode(ours))
        if theirs.lowest > ours.highest or theirs.highest < ours.lowest:
            raise BadRequest(
                f"cannot talk to you: you speak versions {theirs.lowest} to {theirs.highest} of the "
                f"protocol, pmrunnerd {ours.release} speaks {ours.lowest} to {ours.highest}",
                hint=intake.HINT,
            )
        self._intake.limit = f.FRAME_LIMIT
        self._calls = Calls(self._lobby, self._caller, self._outbox, self._call_done)

    def _call_done(self) -> None:
        if self._stopping:
            self._leave_if_idle()
        elif self._paused or self._said_all:
            self._turn()

    def _too_slow(self) -> None:
        what = "a hello" if self._calls is None else "the rest of a frame"
        self._refuse(BadRequest(f"cannot wait any longer for {what}", hint=intake.HINT))
