"""The other end of `pm-ask`: gives the answers that are known, and ends the run where one is not."""

import asyncio
import contextlib
import shlex
import socket
import stat
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any, Final, cast

import msgspec
from msgspec import Struct

from pmrunnerd.model.questions import Kind
from pmrunnerd.model.spec import Answered
from pmrunnerd.services import addresses, mounts
from pmrunnerd.services.agents import pm_ask

SOCKET: Final = "ask"
PROGRAMS: Final = "bin"
_LONGEST: Final = 256 * 1024  # of a line: a question and its options, each byte escaped
_BACKLOG: Final = 16


class Question(Struct, frozen=True):
    """What `pm-ask` sends."""

    question: str
    options: tuple[str, ...] = ()


class Answers:
    """The answers that are known. The n-th time that a text is asked, it gets its n-th answer."""

    def __init__(self, known: Sequence[Answered]) -> None:
        self._left: defaultdict[str, list[str]] = defaultdict(list)
        for one in known:
            if one.kind is Kind.AGENT:
                self._left[one.question].append(one.answer)

    def next(self, question: str) -> str | None:
        """Return the next answer to a text; None if nobody has given it yet."""
        left = self._left[question]
        return left.pop(0) if left else None


def install(directory: Path, cell_directory: str) -> None:
    """Put the command `pm-ask` into `bin` of a run's `agent` directory. Raises OSError."""
    programs = directory / PROGRAMS
    programs.mkdir(exist_ok=True)
    source = Path(pm_ask.__file__)
    (programs / "pm_ask.py").write_bytes(source.read_bytes())
    command = programs / "pm-ask"
    python = shlex.quote(str(mounts.python()))
    module = shlex.quote(f"{cell_directory}/{PROGRAMS}/pm_ask.py")
    # -I -S: nothing that a script sets for its own Python changes what this one does.
    command.write_text(f'#!/bin/sh\nexec {python} -I -S {module} "$@"\n')
    command.chmod(stat.S_IRWXU)


@contextlib.asynccontextmanager
async def listening(
    directory: Path, answers: Answers, unanswered: Callable[[Question], None]
) -> AsyncIterator[None]:
    """Answer `pm-ask` for as long as the context lasts; `unanswered` gets what nobody answered."""
    talking: set[asyncio.Transport] = set()
    loop = asyncio.get_running_loop()
    door = _bind(directory)
    try:
        server = await loop.create_unix_server(
            lambda: _Conversation(answers, unanswered, talking), sock=door
        )
    except BaseException:
        door.close()
        raise
    try:
        yield
    finally:
        server.close()
        for transport in list(talking):
            transport.abort()


def _bind(directory: Path) -> socket.socket:
    door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with addresses.held(directory) as held:
            door.bind(addresses.within(held, SOCKET))
        (directory / SOCKET).chmod(stat.S_IRUSR | stat.S_IWUSR)
        door.listen(_BACKLOG)
        door.settimeout(0)
    except BaseException:
        door.close()
        raise
    return door


class _Conversation(asyncio.Protocol):
    """One `pm-ask`: a line comes in, a line goes out."""

    def __init__(
        self,
        answers: Answers,
        unanswered: Callable[[Question], None],
        talking: set[asyncio.Transport],
    ) -> None:
        self._answers = answers
        self._unanswered = unanswered
        self._talking = talking
        self._heard = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._talking.add(self._transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio calls it so
        if self._transport is not None:
            self._talking.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        self._heard += data
        line, newline, _ = self._heard.partition(b"\n")
        if newline:
            self._reply(self._answer(bytes(line)))
        elif len(self._heard) > _LONGEST:
            self._reply({"problem": f"the question has more than {_LONGEST} bytes"})

    def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            asked = msgspec.json.decode(line, type=Question)
        except (msgspec.DecodeError, UnicodeDecodeError) as exc:
            return {"problem": str(exc)}
        # Anybody in the sandbox can speak here, with or without the command.
        if problem := pm_ask.why_not(asked.question, list(asked.options)):
            return {"problem": problem}
        answer = self._answers.next(asked.question)
        if answer is None:
            self._unanswered(asked)
            return {"asked": True}
        return {"answer": answer}

    def _reply(self, reply: dict[str, Any]) -> None:
        if self._transport is not None:
            self._transport.write(msgspec.json.encode(reply) + b"\n")
            self._transport.pause_reading()
