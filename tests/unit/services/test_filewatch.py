import asyncio
import threading
from pathlib import Path

from pmrunnerd.services.filewatch import FileWatch


async def told(watch: FileWatch, came: asyncio.Event) -> None:
    async with asyncio.timeout(180):
        await came.wait()
    came.clear()


def test_whoever_writes_replaces_or_removes_it_is_noticed(tmp_path: Path) -> None:
    async def scenario() -> None:
        came = asyncio.Event()
        file = tmp_path / "prod.toml"
        watch = FileWatch(file, came.set)
        watch.open()
        file.write_text("a = 1")
        await told(watch, came)
        (tmp_path / "new").write_text("a = 2")
        (tmp_path / "new").rename(file)
        await told(watch, came)
        file.unlink()
        await told(watch, came)
        watch.close()
        watch.close()

    asyncio.run(scenario())


def test_other_files_and_who_only_reads_are_not(tmp_path: Path) -> None:
    async def scenario() -> None:
        came: list[str] = []
        file = tmp_path / "prod.toml"
        file.write_text("a = 1")
        first = asyncio.Event()
        watch = FileWatch(file, lambda: came.append("prod"))
        mark = FileWatch(tmp_path / "mark", first.set)
        watch.open()
        mark.open()
        file.read_text()
        (tmp_path / "dev.toml").write_text("a = 1")
        (tmp_path / "mark").write_text("")
        await told(mark, first)
        watch.close()
        mark.close()
        assert came == []

    asyncio.run(scenario())


def test_where_there_is_no_directory_nothing_is_watched(tmp_path: Path) -> None:
    async def scenario() -> None:
        before = threading.active_count()
        watch = FileWatch(tmp_path / "nowhere" / "prod.toml", list)
        watch.open()
        assert threading.active_count() == before
        watch.close()

    asyncio.run(scenario())
