import asyncio
import socket
from pathlib import Path

import pytest

from pmrunnerd import doors
from pmrunnerd.doors import Doors
from pmrunnerd.model.errors import Refused
from pmrunnerd.options import parse
from pmrunnerd.services.descriptors import share
from tests.unit.api.desks import at_work, until


def listening(path: Path) -> socket.socket:
    own = socket.socket(socket.AF_UNIX)
    own.bind(str(path))
    own.listen()
    return own


def test_a_held_socket_is_open_still_when_the_doors_were_left(tmp_path: Path) -> None:
    async def scenario() -> None:
        options = parse(["--socket", str(tmp_path / "control.sock")], {})
        async with at_work(tmp_path) as desk:
            with (
                listening(tmp_path / "control.sock") as control,
                listening(tmp_path / "read.sock") as read,
            ):
                held = {"read": read, "control": control}
                for _ in range(2):
                    doors = Doors(desk, options, lambda: 0.0, held=held, files=share(1024))
                    doors.bind()
                    serving = asyncio.create_task(doors.serve())
                    await doors.ready()
                    await until(lambda: len(desk.doors) == 3)
                    assert desk.doors["web"].problem == "the service manager holds no socket for it"
                    serving.cancel()
                    await asyncio.wait([serving])
                assert control.fileno() >= 0
                assert (tmp_path / "control.sock").is_socket()

    asyncio.run(scenario())


def test_a_held_web_socket_that_others_reach_is_refused(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk:
            with socket.create_server(("0.0.0.0", 0)) as web, pytest.raises(Refused):  # noqa: S104
                Doors(desk, parse([], {}), lambda: 0.0, held={"web": web}, files=share(1024))

    asyncio.run(scenario())


def test_which_address_runs_must_not_reach_is_the_held_socket_s(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as web, listening(tmp_path / "c.sock") as control:
        number = web.getsockname()[1]
        assert doors.listening({"web": web, "control": control}) == (f"127.0.0.1:{number}",)
        assert doors.listening({"control": control}) == ()
