"""What must not grow with a history, counted in calls and bytes: no busy machine can blur these."""

from pathlib import Path
from typing import Final, NamedTuple

import pytest

from pmrunnerd.store.durable import Disk
from tests.bench import lives
from tests.unit.store.parts import opened, said

# Bytes after which the journal goes on in another file.
SEGMENT: Final = 1 << 18


class Costs(NamedTuple):
    calls: tuple[str, ...]
    read: int
    written: int


class MeteredDisk(Disk):
    """Writes down what it was asked for, and how many bytes went through it."""

    def __init__(self) -> None:
        self._calls: list[str] = []
        self._read = 0
        self._written = 0

    def taken(self) -> Costs:
        """Return what it cost since the last time."""
        costs = Costs(tuple(self._calls), self._read, self._written)
        self._calls, self._read, self._written = [], 0, 0
        return costs

    def open(self, path: Path, how: str = "there", mode: int = 0o600) -> int:
        self._calls.append("open")
        return super().open(path, how, mode)

    def read_at(self, file: int, size: int, offset: int) -> bytes:
        self._calls.append("read")
        data = super().read_at(file, size, offset)
        self._read += len(data)
        return data

    def write_at(self, file: int, data: bytes | memoryview, offset: int) -> int:
        self._calls.append("write")
        self._written += len(data)
        return super().write_at(file, data, offset)

    def size(self, file: int) -> int:
        self._calls.append("size")
        return super().size(file)

    def sync(self, file: int) -> None:
        self._calls.append("sync")
        super().sync(file)

    def sync_directory(self, path: Path) -> None:
        self._calls.append("sync directory")
        super().sync_directory(path)

    def names(self, directory: Path) -> list[str]:
        self._calls.append("names")
        return super().names(directory)


@pytest.mark.parametrize("messages", [1, 100, 2000])
def test_an_append_writes_its_line_and_syncs_once_and_reads_nothing_after_any_history(
    tmp_path: Path, messages: int
) -> None:
    lives.write(tmp_path / "state", messages)
    disk = MeteredDisk()
    with opened(tmp_path / "state", disk=disk) as store:
        disk.taken()
        for count in range(1, 51):
            commit = store.commit(said(messages + count, project="w4"))
            line = len(commit.line)
            store.flush()
            assert disk.taken() == Costs(("write", "sync"), 0, line)


def started(state: Path) -> Costs:
    """Return what a start costs, after one that left in good order."""
    with opened(state, segment_limit=SEGMENT):
        pass
    disk = MeteredDisk()
    with opened(state, segment_limit=SEGMENT, disk=disk):
        return disk.taken()


def test_a_start_reads_as_much_after_a_long_history_as_after_a_short_one(tmp_path: Path) -> None:
    # Both are longer than a day, which is how long requests are remembered, and than a segment,
    # of which the last may be read to its end.
    for name, messages in (("short", 2000), ("long", 6000)):
        lives.write(tmp_path / name, messages, segment_limit=SEGMENT)
    short, long = started(tmp_path / "short"), started(tmp_path / "long")

    assert long.read <= short.read + SEGMENT
    # That each segment is there, and as long as it was, may be looked at.
    assert long.calls.count("read") <= short.calls.count("read") * 1.2
