import asyncio
from pathlib import Path

from tests.unit.api.desks import at_work


def test_the_files_of_a_run_are_in_the_state_directory(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk:
            assert desk.run_directory("r1-aaaa") == tmp_path / "state" / "runs" / "r1-aaaa"

    asyncio.run(scenario())
