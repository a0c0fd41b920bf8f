import asyncio
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pmrunnerd.api import parting
from pmrunnerd.api.parting import let_nobody_in
from tests.house.tree import ROOT
from tests.unit.api.desks import until


def test_who_comes_after_it_waits_in_the_socket_and_is_not_lost() -> None:
    async def scenario() -> None:
        with socket.create_server(("127.0.0.1", 0)) as own:
            heard: list[bytes] = []

            async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                heard.append(await reader.readexactly(1))
                writer.close()

            server = await asyncio.start_server(hear, sock=own.dup())
            with (
                socket.create_connection(own.getsockname()) as first,
                socket.create_connection(own.getsockname()) as second,
            ):
                first.sendall(b"1")
                await until(lambda: heard)
                await let_nobody_in(server)
                with socket.create_connection(own.getsockname()) as third:
                    third.sendall(b"3")
                    second.sendall(b"2")
                    await until(lambda: len(heard) == 2)
                    server.close()
                    await server.wait_closed()
                    own.settimeout(5)
                    late, _ = own.accept()
                    with late:
                        assert late.recv(1) == b"3"
            assert heard == [b"1", b"2"]

    asyncio.run(scenario())


def test_what_does_not_come_is_waited_for_so_long_and_no_longer() -> None:
    async def scenario() -> None:
        moved = asyncio.Event()
        began = time.monotonic()
        await parting.until(moved, 0.05, lambda: False)
        assert 0.05 <= time.monotonic() - began < 30
        asyncio.get_running_loop().call_later(0.01, moved.set)
        await parting.until(moved, 60, moved.is_set)

    asyncio.run(scenario())


# Until Python 3.11.4 a time that is over cancels who is being cancelled once more; Debian 12 has such a one.
PYTHONS = {"ours": sys.executable, "the machine's": "/usr/bin/python3"}
CANCELLED = """
import asyncio
from pmrunnerd.api import parting

async def serve():
    try:
        await asyncio.get_running_loop().create_future()
    finally:
        await parting.until(asyncio.Event(), 0.01, lambda: False)
        print("parted")

async def scenario():
    task = asyncio.create_task(serve())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])

asyncio.run(scenario())
"""


@pytest.mark.parametrize("python", [name for name, path in PYTHONS.items() if Path(path).exists()])
def test_who_is_being_cancelled_waits_no_longer_and_parts_to_the_end(python: str) -> None:
    done = subprocess.run(
        [PYTHONS[python], "-c", CANCELLED],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.returncode) == ("parted\n", 0), done.stderr
