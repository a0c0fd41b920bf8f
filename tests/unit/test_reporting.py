import asyncio
import os
import socket
from pathlib import Path

import pytest
from msgspec.structs import replace

from pmrunnerd.model.entities import TaskState
from pmrunnerd.model.views import Door
from pmrunnerd.reporting import Reporting, line
from pmrunnerd.services.systemd import ServiceManager
from tests.unit.api.desks import at_work
from tests.unit.pmrunnerctl.samples import overview

WELL = overview(
    environment="prod", release="0.1.0", runs=0, slots=2, tasks={}, waiting=0, doors=(), problem=""
)


def test_one_line_says_what_waits_for_a_person_and_what_runs() -> None:
    assert line(WELL) == "prod 0.1.0: 0 of 2 running"
    busy = replace(WELL, runs=2, tasks={TaskState.QUEUED: 3, TaskState.RUNNING: 2}, waiting=1)
    assert line(busy) == "prod 0.1.0: 1 waiting for you, 2 of 2 running, 3 queued"


def test_what_is_wrong_is_in_it() -> None:
    taken = Door(
        name="web", address="http://127.0.0.1:3502", problem="port 3502 is in use by pid 4"
    )
    wrong = replace(
        WELL,
        doors=(taken,),
        problem="the disk is full",
        configuration="restart needed for web.port",
        refusal="it drains",
    )
    assert line(wrong) == (
        "prod 0.1.0: 0 of 2 running; the disk is full; web door: port 3502 is in use by pid 4;"
        " restart needed for web.port; none begins: it drains"
    )


def test_a_manager_hears_each_line_once_and_that_we_live_only_while_the_loop_turns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
            listening.bind("")
            listening.settimeout(10)
            name = os.fsdecode(listening.getsockname())
            monkeypatch.setenv("NOTIFY_SOCKET", "@" + name.removeprefix("\0"))
            monkeypatch.setenv("WATCHDOG_USEC", "40000")
            manager = ServiceManager()
            turns = True

            async def sure() -> None:
                pass

            async with at_work(tmp_path) as desk:
                reporting = Reporting(
                    manager, desk.store, lambda: WELL, sure=sure, turned=lambda _: turns
                )
                task = asyncio.create_task(reporting.run())
                said = [await asyncio.to_thread(listening.recv, 4096) for _ in range(4)]
                assert said.count(b"STATUS=prod 0.1.0: 0 of 2 running") == 1
                assert said.count(b"WATCHDOG=1") == 3
                turns = False
                await asyncio.sleep(0.02)
                listening.settimeout(0)
                with pytest.raises(BlockingIOError):  # noqa: PT012 - until it is empty
                    while True:
                        listening.recv(4096)
                await asyncio.sleep(0.05)
                with pytest.raises(BlockingIOError):
                    listening.recv(4096)
                task.cancel()
                await asyncio.wait([task])
            manager.close()

    asyncio.run(scenario())


def test_where_nobody_listens_nothing_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        monkeypatch.delenv("NOTIFY_SOCKET", raising=False)

        async def sure() -> None:
            raise AssertionError

        async with at_work(tmp_path) as desk:
            await Reporting(
                *(ServiceManager(), desk.store, lambda: WELL), sure=sure, turned=lambda _: True
            ).run()

    asyncio.run(scenario())
