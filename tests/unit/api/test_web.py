import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from pmrunnerd.api.web import STALE, WebDoor
from pmrunnerd.model.errors import Refused
from tests.unit.api.desks import Bench, at_work


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "example.org", ""])  # noqa: S104
def test_an_address_that_others_can_reach_is_refused(tmp_path: Path, host: str) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk:
            desk.settings = replace(desk.settings, web_host=host)
            with pytest.raises(Refused, match="other machines"):
                WebDoor(desk, lambda: 0.0)

    asyncio.run(scenario())


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_an_address_of_this_machine_alone_is_not(tmp_path: Path, host: str) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk:
            desk.settings = replace(desk.settings, web_host=host)
            WebDoor(desk, lambda: 0.0)

    asyncio.run(scenario())


def test_we_are_healthy_while_the_engine_turns_and_nothing_is_wrong(tmp_path: Path) -> None:
    async def scenario() -> None:
        bench = Bench()
        async with at_work(tmp_path, bench) as desk:
            now = asyncio.get_running_loop().time()
            assert WebDoor(desk, lambda: now).health() == ""
            assert "has not turned" in WebDoor(desk, lambda: now - STALE - 1).health()
            bench.problem = "no sandbox"
            assert WebDoor(desk, lambda: now).health() == "no sandbox"

    asyncio.run(scenario())


def test_a_daemon_that_starts_does_not_wait_for_the_libraries_of_this_door() -> None:
    script = (
        "import sys, pmrunnerd.api.web, pmrunnerd.api.control\n"
        "slow = {'starlette', 'uvicorn', 'anyio', 'h11'} & set(sys.modules)\n"
        "sys.exit(', '.join(slow) or None)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
