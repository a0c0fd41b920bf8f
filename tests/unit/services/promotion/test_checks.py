import asyncio
from pathlib import Path

import pytest

from pmrunnerd.services.promotion.checks import DIRECTORY, Checks


def checks(root: Path, why: str, asked: list[int]) -> tuple[str, ...]:
    async def tried() -> str:
        asked.append(1)
        return why

    return asyncio.run(Checks(root, tried).failed())


def test_without_checks_nothing_is_started(tmp_path: Path) -> None:
    asked: list[int] = []
    (tmp_path / DIRECTORY / "required").mkdir(parents=True)
    assert checks(tmp_path, "no", asked) == ()
    assert asked == []


@pytest.mark.parametrize("kind", ["required", "wanted"])
def test_what_failed_is_told(tmp_path: Path, kind: str) -> None:
    (tmp_path / DIRECTORY / kind).mkdir(parents=True)
    (tmp_path / DIRECTORY / kind / "web").touch()
    assert checks(tmp_path, "", []) == ()
    (why,) = checks(tmp_path, "web: ended with status 1", [])
    assert why == "health.d/required: web: ended with status 1"
