"""States with a journal of some commits in small segments, and ways to damage them."""

import shutil
from collections.abc import Callable
from pathlib import Path

from pmrunnerd.model.events import MessagePosted
from pmrunnerd.store.store import Store
from tests.unit.store.parts import RELEASE, now, opened, project, said

COMMITS = 10  # one project, then messages m2 to m10


def state(directory: Path, *, segment_limit: int = 400) -> Path:
    """Make a state of ten commits whose journal has several segments, and close it."""
    with opened(directory, segment_limit=segment_limit) as store:
        store.commit(project())
        store.flush()
        for count in range(2, COMMITS + 1):
            store.commit(said(count))
            store.flush()
    return directory


def segments(directory: Path) -> list[Path]:
    return sorted((directory / "journal").glob("*.jsonl"))


def flip(path: Path, line: int) -> bytes:
    """Flip a bit in the middle of a line and return the line as it was."""
    lines = path.read_bytes().splitlines(keepends=True)
    before = lines[line - 1]
    at = before.index(b"hello")
    lines[line - 1] = before[:at] + bytes([before[at] ^ 1]) + before[at + 1 :]
    path.write_bytes(b"".join(lines))
    return before


def messages(directory: Path) -> set[str]:
    """Return what was said in a state that opens."""
    store = Store(directory, now, release=RELEASE)
    try:
        commits = store.read(0, 1000)
        assert [batch.seq for batch in commits] == list(range(1, store.durable + 1))
        facts = [fact for batch in commits for fact in batch.facts]
        return {fact.message for fact in facts if isinstance(fact, MessagePosted)}
    finally:
        store.close()


def everything(directory: Path) -> dict[str, bytes]:
    """Return each file below a directory but the lock, which says who looked last."""
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file() and path.name != "lock"
    }


def missing(directory: Path) -> None:
    segments(directory)[1].unlink()


def empty(directory: Path) -> None:
    segments(directory)[1].write_bytes(b"")


def truncated(directory: Path) -> None:
    path = segments(directory)[1]
    path.write_bytes(path.read_bytes()[:-20])


def cut_at_its_end(directory: Path) -> None:
    path = segments(directory)[-1]
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))


def without_its_last_segment(directory: Path) -> None:
    segments(directory)[-1].unlink()


def without_its_first_segment(directory: Path) -> None:
    segments(directory)[0].unlink()


def without_a_journal(directory: Path) -> None:
    shutil.rmtree(directory / "journal")


def with_a_line_twice(directory: Path) -> None:
    path = segments(directory)[1]
    path.write_bytes(path.read_bytes() + path.read_bytes())


DAMAGES: list[Callable[[Path], None]] = [
    missing,
    empty,
    truncated,
    cut_at_its_end,
    without_its_last_segment,
    without_its_first_segment,
    without_a_journal,
    with_a_line_twice,
]
