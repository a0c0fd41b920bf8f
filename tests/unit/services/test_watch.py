import asyncio
import threading
from pathlib import Path

from pmrunnerd.services.watch import RunWatch
from tests.unit.services.parts import until


def _grow(directory: Path, run: str, file: str = "events.jsonl") -> None:
    with (directory / run / file).open("a") as events:
        events.write("line\n")


def test_a_run_that_grew_is_named_in_the_loop_s_own_thread(tmp_path: Path) -> None:
    for run in ("r1", "r2"):
        (tmp_path / run).mkdir()
        _grow(tmp_path, run)
    seen: list[tuple[str, int]] = []
    came = asyncio.Event()

    def grew(run: str) -> None:
        seen.append((run, threading.get_ident()))
        came.set()

    async def watch() -> None:
        watch = RunWatch(tmp_path, grew)
        try:
            watch.add("r1")
            watch.add("r1")
            _grow(tmp_path, "r2")
            _grow(tmp_path, "r1", "runhost.log")
            _grow(tmp_path, "r1")
            async with asyncio.timeout(180):
                await came.wait()
        finally:
            watch.close()

    asyncio.run(watch())

    assert set(seen) == {("r1", threading.get_ident())}


def test_reading_a_run_s_events_is_not_growth(tmp_path: Path) -> None:
    (tmp_path / "r1").mkdir()
    _grow(tmp_path, "r1")
    seen: list[str] = []

    async def watch() -> None:
        watch = RunWatch(tmp_path, seen.append)
        watch.add("r1")
        for _ in range(10):
            (tmp_path / "r1/events.jsonl").read_bytes()
        _grow(tmp_path, "r1")
        await until(lambda: seen)
        watch.close()

    asyncio.run(watch())

    assert len(seen) == 1


def test_a_run_that_is_watched_no_longer_is_not_heard_of(tmp_path: Path) -> None:
    for run in ("r1", "r2"):
        (tmp_path / run).mkdir()
    seen: list[str] = []

    async def watch() -> None:
        watch = RunWatch(tmp_path, seen.append)
        watch.add("r1")
        watch.add("r2")
        watch.remove("r1")
        watch.remove("r1")
        _grow(tmp_path, "r1")
        _grow(tmp_path, "r2")
        await until(lambda: "r2" in seen)
        watch.close()
        watch.close()

    asyncio.run(watch())

    assert "r1" not in seen


def test_a_run_that_cannot_be_watched_is_only_not_heard_of(tmp_path: Path) -> None:
    async def watch() -> None:
        watch = RunWatch(tmp_path, lambda _: None)
        watch.add("never-made")
        watch.remove("never-made")
        watch.close()

    asyncio.run(watch())


def test_no_thread_is_left_when_it_is_closed(tmp_path: Path) -> None:
    (tmp_path / "r1").mkdir()
    before = threading.active_count()

    async def watch() -> int:
        watch = RunWatch(tmp_path, lambda _: None)
        watch.add("r1")
        during = threading.active_count()
        watch.close()
        return during

    assert asyncio.run(watch()) > before
    assert threading.active_count() == before
