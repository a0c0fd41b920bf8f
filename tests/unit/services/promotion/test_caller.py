"""What somebody hears who asks a daemon; the other end is a small server of ours."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from pmrunnerd.model import frames as f
from pmrunnerd.model import protocol as p
from pmrunnerd.model import views as v
from pmrunnerd.model.errors import Code
from pmrunnerd.services.promotion.caller import Caller, Unanswered

Answer = Callable[[f.Call], f.Frame | bytes | None]
LIST = v.ProjectTable(projects=())


def served(tmp_path: Path, answer: Answer, ask: Callable[[Caller], Awaitable[Any]]) -> Any:
    """Return what comes of asking a server that greets, and answers each call so; None hangs up."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        decoder = f.to_daemon
        try:
            await reader.readexactly(int.from_bytes(await reader.readexactly(4), "big"))
            writer.write(f.encode(f.Hello(environment="prod")))
            while True:
                size = int.from_bytes(await reader.readexactly(4), "big")
                call = decoder.decode(await reader.readexactly(size))
                assert isinstance(call, f.Call)
                if (said := answer(call)) is None:
                    break
                writer.write(said if isinstance(said, bytes) else f.encode(said))
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    async def meet() -> Any:
        path = tmp_path / "control.sock"
        server = await asyncio.start_unix_server(serve, path)
        async with server:
            caller = await Caller.to(path, "prod", within=5)
            try:
                return await ask(caller)
            finally:
                caller.close()

    return asyncio.run(meet())


async def the_list(caller: Caller) -> v.ProjectTable:
    return await caller.ask(p.ProjectList())


def test_nobody_at_the_socket_is_said(tmp_path: Path) -> None:
    with pytest.raises(Unanswered, match="lets nobody in at its control socket: "):
        asyncio.run(Caller.to(tmp_path / "control.sock", "prod", within=5))


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (lambda _: None, "hung up when it was asked for project list"),
        (lambda _: b"\0\0\0\1\xc1", "answers project list with what cannot be read"),
        (lambda _: b"\xff\xff\xff\xff", "answers project list with 4294967295 bytes"),
        (lambda call: f.Closed(call=call.call, reason="end"), "answers project list with Closed"),
        (
            lambda call: f.Failed(call=call.call, code=Code.INTERNAL, message="no cake"),
            "refuses project list: no cake",
        ),
    ],
    ids=lambda value: value.split(":")[0] if isinstance(value, str) else "",
)
def test_an_answer_that_is_none_is_said(tmp_path: Path, answer: Answer, why: str) -> None:
    with pytest.raises(Unanswered, match=why):
        served(tmp_path, answer, the_list)


def test_who_does_not_answer_is_not_waited_for_longer(tmp_path: Path) -> None:
    async def hurried(caller: Caller) -> Any:
        caller._within = 0.1
        return await the_list(caller)

    with pytest.raises(Unanswered, match=r"does not answer project list within 0\.1 s"):
        served(tmp_path, lambda _: b"", hurried)


def test_a_change_has_a_name_of_its_own_and_a_look_has_none(tmp_path: Path) -> None:
    names: list[str] = []

    def answer(call: f.Call) -> f.Frame:
        names.append(call.request_id)
        is_look = isinstance(f.requests.decode(call.request), p.ProjectList)
        return f.Ok(call=call.call, result=LIST if is_look else p.Done(id="prod"))

    async def ask(caller: Caller) -> Any:
        await caller.ask(p.Drain())
        await caller.ask(p.Drain(end=True))
        return await the_list(caller)

    assert served(tmp_path, answer, ask) == LIST
    first, second, third = names
    assert first
    assert second
    assert first != second
    assert third == ""
