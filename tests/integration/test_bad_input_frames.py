"""What programs can get wrong on the control socket of a real daemon: told, hung up on, forgotten."""

import contextlib
import os
import select
import socket
import time
from collections.abc import Iterator
from typing import Any, Self

import msgspec
import pytest

from pmrunnerd.model import frames as f
from pmrunnerd.model import protocol as p
from tests.integration.api.callers import PATIENCE, call, framed, raw_call
from tests.integration.daemon import Daemon
from tests.integration.refusals import ctl, is_calm, recorded


class Caller:
    """A program that speaks the socket by hand."""

    def __init__(self, daemon: Daemon, *, hello: bool = True) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(str(daemon.socket))
        if hello:
            self.socket.sendall(f.encode(f.Hello()))
            assert self.next()["frame"] == "hello"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        # The other side may have hung up in the middle of it.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.socket.sendall(data)

    def take(self, size: int) -> bytes:
        taken = b""
        while len(taken) < size:
            more = self.socket.recv(size - len(taken))
            assert more, "hung up on without a word"
            taken += more
        return taken

    def next(self) -> dict[str, Any]:
        found: dict[str, Any] = msgspec.msgpack.decode(
            self.take(int.from_bytes(self.take(f.HEADER), "big"))
        )
        return found

    def is_hung_up(self) -> bool:
        with contextlib.suppress(ConnectionResetError):
            return self.socket.recv(1) == b""
        return True


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with Daemon(tmp_path_factory.mktemp("bad") / "state") as daemon:
        daemon.add_project("cake", plan_approval="manual")
        yield daemon


@pytest.fixture
def daemon(whole: Daemon) -> Iterator[Daemon]:
    """The daemon; afterwards it has recorded nothing, is calm, and answers the real client."""
    before = recorded(whole.state)
    yield whole
    assert recorded(whole.state) == before
    assert ctl(whole, "status").returncode == 0
    is_calm(whole.log())


SEND = {"command": "chat send", "project": "cake", "text": "do it"}


@pytest.mark.parametrize("hello", [False, True], ids=["before hello", "after hello"])
@pytest.mark.parametrize(
    ("rubbish", "code"),
    [
        (b"\xff\xff\xff\xff", "too-large"),
        ((f.FRAME_LIMIT + 1).to_bytes(4, "big"), "too-large"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "too-large"),
        (framed(b""), "bad-request"),
        (framed(b"\xc1\xc1\xc1"), "bad-request"),
        (framed(b'{"frame":"hello"}'), "bad-request"),
        (framed(b"\x91" * 3000), "bad-request"),
        (framed(msgspec.msgpack.encode({"frame": "bogus"})), "bad-request"),
        (framed(msgspec.msgpack.encode([1, 2, 3])), "bad-request"),
        (framed(msgspec.msgpack.encode({"frame": "call", "call": -1})), "bad-request"),
        (framed(b"\x81\xa5frame\xa4h\xe9\xe9o"), "bad-request"),
    ],
    ids=[
        "4 GiB",
        "one byte too long",
        "HTTP",
        "empty",
        "no msgpack",
        "JSON",
        "nested too deep",
        "unknown frame",
        "a list",
        "no number",
        "no UTF-8",
    ],
)
def test_what_is_no_frame_is_told_and_hung_up_on(
    daemon: Daemon, rubbish: bytes, code: str, hello: bool
) -> None:
    with Caller(daemon, hello=hello) as caller:
        caller.send(rubbish)
        failed = caller.next()
        assert (failed["frame"], failed["call"], failed["code"]) == ("failed", 0, code)
        assert failed["message"].startswith("cannot ")
        assert caller.is_hung_up()


@pytest.mark.parametrize("hello", [False, True], ids=["before hello", "after hello"])
@pytest.mark.parametrize("size", [1, 3, 4, 5, 20])
def test_a_frame_that_is_cut_off_does_nothing(daemon: Daemon, hello: bool, size: int) -> None:
    whole = (
        call(1, p.ChatSend(project="cake", text="do it"), "cut-1") if hello else framed(b"x" * 30)
    )
    with Caller(daemon, hello=hello) as caller:
        caller.send(whole[:size])
        caller.socket.shutdown(socket.SHUT_WR)
        # It is told that the rest is missing, and nothing else.
        failed = caller.next()
        assert (failed["frame"], failed["call"], failed["code"]) == ("failed", 0, "bad-request")
        assert caller.is_hung_up()


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        (SEND | {"colour": "red"}, "colour"),
        (SEND | {"request_id": "x"}, "request_id"),
        ({"command": "chat send", "project": "cake"}, "text"),
        (SEND | {"text": 7}, "text"),
        (SEND | {"text": ""}, "text"),
        (SEND | {"text": b"caf\xe9"}, "text"),
        (SEND | {"command": "chat shout"}, "chat shout"),
        ({"command": "project set", "project": "cake", "planApproval": "maybe"}, "maybe"),
        ({"command": "project set", "project": "cake", "plan_approval": "auto"}, "plan_approval"),
        ([], "object"),
        (None, "object"),
        (SEND, "identifier"),
    ],
    ids=str,
)
def test_a_request_that_is_not_as_it_was_declared_is_refused_and_the_next_one_answered(
    daemon: Daemon, request_: object, why: str
) -> None:
    with Caller(daemon) as caller:
        caller.send(raw_call(1, request_) + call(2, p.ProjectList()))
        answers = {frame["call"]: frame for frame in (caller.next(), caller.next())}
        assert answers[1]["frame"] == "failed", answers[1]
        assert answers[1]["code"] == "bad-request"
        assert answers[1]["message"].startswith("cannot ")
        assert why in answers[1]["message"]
        assert answers[2]["frame"] == "ok"


def test_a_text_that_is_no_utf_8_is_refused(daemon: Daemon) -> None:
    good = call(1, p.ChatSend(project="cake", text="caffe"), "utf-1")
    with Caller(daemon) as caller:
        caller.send(good.replace(b"caffe", b"caf\xe9\xe9"))
        failed = caller.next()
        assert (failed["frame"], failed["code"]) == ("failed", "bad-request")


@pytest.mark.parametrize("text", [" ", "\n\t", "\u2003"])
def test_a_message_of_blanks_is_refused_by_the_daemon_too(daemon: Daemon, text: str) -> None:
    with Caller(daemon) as caller:
        caller.send(call(1, p.ChatSend(project="cake", text=text), "blank-1"))
        failed = caller.next()
        assert (failed["code"], failed["message"]) == (
            "bad-request",
            "cannot send the message: it is empty",
        )


def test_a_change_without_an_identifier_is_refused(daemon: Daemon) -> None:
    with Caller(daemon) as caller:
        for identifier in ("", "x" * 129, "a b", "caf\u00e9", "\ud7ff"):
            caller.send(call(1, p.ChatSend(project="cake", text="do it"), identifier))
            assert caller.next()["code"] == "bad-request"


def test_a_client_that_stalls_in_a_frame_is_hung_up_on_and_others_do_not_notice(
    daemon: Daemon,
) -> None:
    with Caller(daemon, hello=False) as silent, Caller(daemon) as stalled, Caller(daemon) as idle:
        stalled.send(call(1, p.Status())[:-1])
        before = time.monotonic()
        assert ctl(daemon, "status").returncode == 0
        assert "the rest of a frame" in stalled.next()["message"]
        assert stalled.is_hung_up()
        assert "a hello" in silent.next()["message"]
        assert silent.is_hung_up()
        assert time.monotonic() - before < PATIENCE / 2
        idle.send(call(1, p.ProjectList()))
        assert idle.next()["frame"] == "ok"


def memory(pid: int) -> int:
    """Return the bytes that a process holds."""
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:  # noqa: PTH123 - no path but the kernel
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_a_client_that_never_reads_costs_little_and_holds_up_nobody(daemon: Daemon) -> None:
    ask = f.encode_request(p.Events(since=0, follow=True))
    with Caller(daemon) as deaf:
        before = memory(daemon.pid)
        deaf.socket.setblocking(False)
        number, sent, rest = 1, 0, b""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            # As long as it takes something within a second, and not without end.
            while sent < 64 << 20 and select.select([], [deaf.socket], [], 1.0)[1]:
                if not rest:
                    rest = f.encode(f.Call(call=number, request=ask))
                    rest += call(number + 1, p.Status()) * 100
                    rest += call(number + 2, p.ChatHistory(project="cake"))
                    number += 3
                taken = deaf.socket.send(rest)
                sent, rest = sent + taken, rest[taken:]
        assert sent < 8 << 20, "it is not read from without end"
        assert ctl(daemon, "status").returncode == 0
        assert memory(daemon.pid) - before < 32 << 20


def test_a_stranger_who_hangs_up_at_any_moment_leaves_nothing(daemon: Daemon) -> None:
    whole = f.encode(f.Hello()) + call(1, p.Status()) + call(2, p.Events(since=0, follow=True))
    for size in range(0, len(whole), 7):
        with Caller(daemon, hello=False) as caller:
            caller.send(whole[:size])
    with Caller(daemon) as last:
        last.send(call(1, p.ProjectList()))
        assert last.next()["frame"] == "ok"
