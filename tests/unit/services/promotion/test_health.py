import asyncio
from pathlib import Path

from pmrunnerd.services.promotion.checks import DIRECTORY, Checks
from pmrunnerd.services.promotion.doors import Doors
from pmrunnerd.services.promotion.health import Health


def test_doors_and_checks_are_asked_each_for_itself(tmp_path: Path) -> None:
    async def tried() -> str:
        return "no"

    (tmp_path / DIRECTORY / "required").mkdir(parents=True)
    (tmp_path / DIRECTORY / "required/web").touch()
    health = Health(Doors(tmp_path / "control.sock", None), Checks(tmp_path, tried))
    (why,) = asyncio.run(health.troubles("1-a"))
    assert "cannot be asked: no such file or directory" in why
    assert asyncio.run(health.release()) == ""
    assert health.canary is None
    assert asyncio.run(health.checked()) == ("health.d/required: no",)
