"""Each file of the history, cut and flipped at every byte: never a wrong answer, and soon the right one.

A start makes it anew where it sees the damage; else whoever asks is told, or `scrub` finds it, and
the next start makes it anew.
"""

import asyncio
import logging
import shutil
from pathlib import Path
from typing import Any

import pytest

from pmrunnerd.store import scrub
from pmrunnerd.store.failures import HistoryDamaged, JournalDamaged
from pmrunnerd.store.store import Store
from tests.unit.store.lives import beginning, failed_plan, seen
from tests.unit.store.parts import opened, said

FILES = (
    "places",
    "messages",
    "conversation-w1",
    "plans-w1",
    "runs-w1",
    "requests",
    "tasks",
    "runs",
    "plans",
    "finished.jsonl",
)
REQUESTS = ("q1", "q2", "q3")


@pytest.fixture(autouse=True)
def quick_and_quiet(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    caplog.set_level(logging.CRITICAL + 1, "pmrunnerd.store")
    monkeypatch.setattr(scrub.scrub_history, "__kwdefaults__", {"pause": 0})


def everything(store: Store) -> dict[str, Any]:
    requests = {name: store.earlier(name) for name in REQUESTS}
    return seen(store) | {"requests": requests}


@pytest.fixture
def left(tmp_path: Path) -> tuple[Path, dict[str, Any]]:
    """Return a state with its caches, and all that can be seen of it."""
    with opened(tmp_path / "left") as store:
        store.commit(*beginning())
        for count in (1, 2):
            failed_plan(store)
            store.commit(said(50 + count, project="w1"), request=f"q{count}", digest="d")
            store.flush()
        expected = everything(store)
    return tmp_path / "left", expected


def check(directory: Path, expected: dict[str, Any]) -> None:
    for attempt in ("first", "second"):
        with opened(directory) as store:
            try:
                found = everything(store)
            except (HistoryDamaged, JournalDamaged):
                assert store.wrong is not None
                assert attempt == "first"
                continue
            asyncio.run(store.scrub())
            if store.wrong is not None:
                assert attempt == "first"
                continue
            assert found == expected
            return


@pytest.mark.parametrize("file", FILES)
def test_a_history_cut_or_flipped_at_any_byte_gives_no_wrong_answer(
    left: tuple[Path, dict[str, Any]], file: str
) -> None:
    directory, expected = left
    content = (directory / "history" / file).read_bytes()
    trial = directory.parent / "trial"
    step = 1 if len(content) < 300 else 7
    for where in range(0, len(content), step):
        flipped = bytearray(content)
        flipped[where] ^= 1 << where % 8
        for other in (content[:where], bytes(flipped)):
            shutil.copytree(directory, trial)
            (trial / "history" / file).write_bytes(other)
            check(trial, expected)
            shutil.rmtree(trial)


def test_every_file_of_the_history_is_tried(left: tuple[Path, dict[str, Any]]) -> None:
    assert {path.name for path in (left[0] / "history").iterdir()} == set(FILES)
