"""Each file of the history, cut and flipped at its bytes: never a wrong answer, and soon the right one.

A start makes it anew where it sees the damage; else whoever asks is told, or `scrub` finds it, and
the next start makes it anew.
"""

import asyncio
import logging
import shutil
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from pmrunnerd.store import scrub
from pmrunnerd.store.failures import HistoryDamaged, JournalDamaged
from pmrunnerd.store.store import Store
from tests.everything import EVERYTHING
from tests.unit.store.lives import beginning, failed_plan, seen
from tests.unit.store.parts import opened, said

FILES = (
    "places",
    "messages",
    "conversation-w1",
    "plans-w1",
    "runs-w1",
    "tasks-w1",
    "requests",
    "tasks",
    "runs",
    "plans",
    "finished.jsonl",
)
# Bytes of a file that are tried: all of each, on demand.
MOST = 10**9 if EVERYTHING else 16
REQUESTS = ("q1", "q2", "q12", "q13")


@pytest.fixture(autouse=True)
def quick_and_quiet(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    caplog.set_level(logging.CRITICAL + 1, "pmrunnerd.store")
    monkeypatch.setattr(scrub.scrub_history, "__kwdefaults__", {"pause": 0})


def everything(store: Store) -> dict[str, Any]:
    pages = [
        (
            [b.seq for b in store.conversation("w1", at, 3)],
            [b.seq for b in store.conversation_since("w1", at, 3)],
        )
        for at in range(store.durable + 2)
    ]
    lists = [
        [thing.id for thing in islice(getattr(store.lists, what)("w1", f"{what[0]}{at}"), 3)]
        for what in ("plans", "runs", "tasks")
        for at in range(14)
    ]
    requests = {name: store.earlier(name) for name in REQUESTS}
    return seen(store) | {"requests": requests, "pages": pages, "lists": lists}


@pytest.fixture
def left(tmp_path: Path) -> tuple[Path, dict[str, Any]]:
    """Return a state with its caches, and all that can be seen of it."""
    with opened(tmp_path / "left") as store:
        store.commit(*beginning())
        for count in range(1, 13):
            failed_plan(store)
            store.commit(said(50 + count, project="w1"), request=f"q{count}", digest="d")
            store.flush()
            if count == 8:
                store.checkpoint()
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
            assert found == expected
            asyncio.run(store.scrub())
            if store.wrong is not None:
                assert attempt == "first"
                continue
            return


@pytest.mark.parametrize("file", FILES)
def test_a_history_cut_or_flipped_anywhere_gives_no_wrong_answer(
    left: tuple[Path, dict[str, Any]], file: str
) -> None:
    directory, expected = left
    content = (directory / "history" / file).read_bytes()
    trial = directory.parent / "trial"
    # Of a long file a part; which bytes, and which bits of them, is spread over all of it.
    for where in range(0, len(content), -(-len(content) // MOST)):
        flipped = bytearray(content)
        flipped[where] ^= 1 << where % 8
        for other in (content[:where], bytes(flipped)):
            shutil.copytree(directory, trial)
            (trial / "history" / file).write_bytes(other)
            check(trial, expected)
            shutil.rmtree(trial)


def test_every_file_of_the_history_is_tried(left: tuple[Path, dict[str, Any]]) -> None:
    assert {path.name for path in (left[0] / "history").iterdir()} == set(FILES)
