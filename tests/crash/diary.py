"""A client of the storm: what it asked and was told, written and synced outside the daemon.

Before a request is sent its identifier stands in the diary, and its reply after it came; so whoever
kills the daemon can tell from the diary what was in flight, and afterwards what was promised.
"""

import base64
import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec

from pmrunnerctl.asking import message
from pmrunnerctl.exits import Cannot
from pmrunnerctl.failures import Lost
from pmrunnerctl.where import Place
from pmrunnerctl.wire import Connection
from pmrunnerd.model import frames as f
from pmrunnerd.model import protocol as p
from pmrunnerd.model.requests import make

ANSWERED_WITHIN: Final = 300.0
PAUSE: Final = 0.01
_replies: Final = f.to_client(msgspec.Raw)


class SaidNo(AssertionError):
    """A request was refused, and will be however often it is asked."""


class Diary:
    """`asked` are requests by identifier, `told` replies; `in_flight` what is in between."""

    def __init__(self, path: Path, socket: Path) -> None:
        self.asked: dict[str, p.Request[Any]] = {}
        self.told: dict[str, bytes] = {}
        self.in_flight = ""
        self._file = path.open("ab", buffering=0)
        self._place = Place(socket, "")
        self._connection: Connection | None = None

    def change(self, request: p.Request[Any]) -> Any:
        """Ask for a change, again and again with one identifier, until it is answered."""
        identifier = make(time.time_ns() // 1_000_000, os.urandom(10))
        self.asked[identifier] = request
        self._note({"asked": identifier, "request": type(request).__name__})
        self.in_flight = identifier
        reply = self.ask(request, identifier)
        self.told[identifier] = reply
        self.in_flight = ""
        self._note({"told": identifier, "reply": base64.b64encode(reply).decode()})
        return msgspec.msgpack.decode(reply, type=p.BY_REQUEST[type(request)].reply)

    def attempt(self, request: p.Request[Any]) -> Any:
        """Ask for a change that may come too late; None where it was refused, and so never was."""
        try:
            return self.change(request)
        except SaidNo:
            del self.asked[self.in_flight]
            self.in_flight = ""
            return None

    def look(self, request: p.Request[Any]) -> Any:
        """Ask for what changes nothing."""
        return msgspec.msgpack.decode(self.ask(request, ""), type=p.BY_REQUEST[type(request)].reply)

    def ask(self, request: p.Request[Any], identifier: str) -> bytes:
        """Return the reply as it came, over as many daemons as it takes."""
        until = time.monotonic() + ANSWERED_WITHIN
        while True:
            try:
                if self._connection is None:
                    self._connection = Connection(self._place, within=60)
                self._connection.send(message(request, identifier))
                found = self._connection.receive(_replies, within=60)
            except (Lost, Cannot, OSError):
                self.hang_up()
                assert time.monotonic() < until, f"{request} was not answered"
                time.sleep(PAUSE)
                continue
            if isinstance(found, f.Failed):
                if found.retryable:
                    continue
                raise SaidNo(found)
            return bytes(found.result)

    def hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def close(self) -> None:
        self.hang_up()
        self._file.close()

    def _note(self, entry: dict[str, str]) -> None:
        self._file.write(json.dumps(entry).encode() + b"\n")
        os.fdatasync(self._file.fileno())


class Crowd:
    """Clients in threads; the first one in trouble ends all of them."""

    def __init__(self) -> None:
        self.over = threading.Event()
        self.diaries: dict[str, Diary] = {}
        self._threads: list[threading.Thread] = []
        self._trouble: list[BaseException] = []

    def start(self, name: str, diary: Diary, work: Callable[[Diary], None]) -> None:
        """Let a client go on with its work, again and again, until the storm is over."""
        self.diaries[name] = diary
        thread = threading.Thread(target=self._go_on, args=(diary, work), name=name)
        self._threads.append(thread)
        thread.start()

    @property
    def in_flight(self) -> list[str]:
        """Return the identifiers of changes that were asked for and are not answered."""
        return [diary.in_flight for diary in self.diaries.values() if diary.in_flight]

    def check(self) -> None:
        assert not self._trouble, self._trouble

    def end(self) -> None:
        """Let everybody finish what they asked for."""
        self.over.set()
        for thread in self._threads:
            thread.join(ANSWERED_WITHIN * 2)
        self.check()

    def _go_on(self, diary: Diary, work: Callable[[Diary], None]) -> None:
        try:
            while not self.over.is_set():
                work(diary)
        except BaseException as error:  # noqa: BLE001 - told to the test's own thread
            self._trouble.append(error)
            self.over.set()
