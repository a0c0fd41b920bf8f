"""Rehearses a candidate on a copy of a state: `python -m pmrunnerd.rehearsing`, which a unit runs, by `launch rehearse`.

This is the release that runs, and its word counts for what there was: it reads the copy, has the candidate live on it,
and reads what that has left. Root made the copy and gives the order; both lie in the directory of the unit.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec

from pmrunnerd.model import rehearsal as r
from pmrunnerd.model.errors import PmError
from pmrunnerd.recalling import AS_IT_IS, JOURNAL
from pmrunnerd.release import RELEASE
from pmrunnerd.rules.likeness import differences
from pmrunnerd.services.clock import Clock
from pmrunnerd.services.promotion import interview
from pmrunnerd.services.promotion.caller import Unanswered
from pmrunnerd.services.promotion.candidate import Candidate
from pmrunnerd.store import memories, snapshot
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.levels import NewerLevel
from pmrunnerd.store.snapshot import Living
from pmrunnerd.store.store import Store

# Seconds to leave in, as its unit has them; where it has its sockets, and what it remembers.
LEAVING: Final = 60.0
# For how long one that does not answer may be dying.
MOMENT: Final = 10.0
SOCKET: Final = "control.sock"
# Of a network in which there is nobody else.
PORT: Final = "3502"
RECALLED: Final = "recalled"
_MEBI: Final = 1 << 20
_SOURCES: Final = {
    AS_IT_IS: "starting from what the running release left",
    JOURNAL: "starting from the journal alone",
}


async def rehearse(place: Path, launch: Sequence[str | Path]) -> r.Verdict:
    """Return what is not as it was. Raises PmError and OSError where that could not be seen."""
    order = msgspec.json.decode((place / r.ORDER).read_bytes(), type=r.Trial)
    state = place / r.STATE
    written = _digests(state)
    known, _ = _read(state)
    said, heard = await _live(order, place, known.living, launch)
    found = [f"{order.candidate} {one}" for one in said]
    if heard is not None:
        found += _left(order.candidate, state, known, written, heard)
    return r.Verdict(differences=tuple(found), commits=known.seq)


def _digests(state: Path) -> dict[str, tuple[int, str]]:
    """Return size and digest of each segment."""
    found = {}
    for path in sorted((state / "journal").iterdir()):
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            found[path.name] = (size, _digest(path, size))
    return found


def _digest(path: Path, size: int) -> str:
    digest = sha256()
    with path.open("rb") as file:
        while size > 0 and (some := file.read(min(size, _MEBI))):
            digest.update(some)
            size -= len(some)
    return "" if size else digest.hexdigest()


def _read(state: Path, message: str = "") -> tuple[memories.Remembered, str]:
    """Return what we remember of a state, and the text of a message. Raises what opening it raises."""
    with closing(Store(state, Clock().now, release=RELEASE)) as store:
        found = store.message(message) if message else None
        return memories.decode(memories.encode(store.state)), found.text if found else ""


async def _live(
    order: r.Trial, place: Path, known: Living, launch: Sequence[str | Path]
) -> tuple[list[str], interview.Heard | None]:
    """Have the candidate live on the copy; return what is to be said of that, and what it answered, if it did."""
    candidate = Candidate([*launch, *_words(order, place)], place)
    try:
        if why := await candidate.ready(order.patience):
            return [why], None
        found = _recalled(place, known)
        try:
            heard = await interview.ask(place / SOCKET, order.environment, known)
        except Unanswered as unanswered:
            how = await candidate.over(MOMENT)
            return [*found, how or str(unanswered)], None
        why = await candidate.leave(LEAVING)
        found += [*heard.differences, *([why] if why else [])]
    finally:
        await candidate.end()
        sys.stderr.write(candidate.said)
    if candidate.peak_memory > order.memory:
        used, may = candidate.peak_memory // _MEBI, order.memory // _MEBI
        found.append(f"used {used} MiB of memory, and its unit has {may}")
    return found, heard


def _words(order: r.Trial, place: Path) -> list[str | Path]:
    return [
        *("rehearsed", order.environment, order.candidate),
        *("--state-dir", place / r.STATE, "--socket", place / SOCKET),
        *("--rehearsal", place / RECALLED, "--web-port", PORT, "--disk-reserve", "0"),
        *("--config", place / r.CONFIGURATION),
    ]


def _recalled(place: Path, known: Living) -> list[str]:
    if not (place / RECALLED).is_dir():
        return ["does not write down what it remembers"]
    found = []
    for name, how in _SOURCES.items():
        try:
            theirs = memories.decode((place / RECALLED / name).read_bytes())
        except (OSError, msgspec.DecodeError) as exc:
            found.append(f"remembers what the running release has no words for, {how}: {exc}")
            continue
        before, after = memories.tables(known), memories.tables(theirs.living)
        found += [f"{said}, {how}" for said in differences(before, after)]
    return found


def _left(
    name: str,
    state: Path,
    known: memories.Remembered,
    written: dict[str, tuple[int, str]],
    heard: interview.Heard,
) -> list[str]:
    """Return what the running release finds wrong with what the candidate left."""
    found = []
    for segment, (size, digest) in written.items():
        if _digest(state / "journal" / segment, size) != digest:
            found.append(f"{name} wrote over journal/{segment}")
    if found:
        return found
    before = memories.tables(known.living)
    for how in ("with its snapshot", "by the journal alone"):
        try:
            after, text = _read(state, heard.message)
        except (PmError, NewerLevel) as exc:
            return [f"the running release cannot read what {name} wrote: {_why(exc)}"]
        unlike = differences(before, memories.tables(after.living), heard.made)
        found += [f"of what {name} left, the running release {one}, {how}" for one in unlike]
        if heard.message and text != interview.SAID:
            found.append(f"the running release cannot read message {heard.message} back, {how}")
        snapshot.retract(Disk(), state)
    return found


def _why(wrong: Exception) -> str:
    if isinstance(wrong, NewerLevel):
        return f"it is of level {wrong.level}"
    return str(wrong)


def main(arguments: Sequence[str] | None = None) -> int:
    """Rehearse and return the exit status: 0 where there is a verdict, 1 where nothing could be seen."""
    parser = argparse.ArgumentParser(prog="pmrunnerd.rehearsing", description=__doc__)
    parser.add_argument("place", type=Path, help="where the copy is, and the order")
    parser.add_argument("launch", type=Path, help="the package's launcher")
    parser.add_argument("root", nargs="?", default="", help="where opt/pm-runner is")
    given = parser.parse_args(arguments)
    launch = [sys.executable, "-IBS", given.launch, *(("--root", given.root) if given.root else ())]
    try:
        verdict = asyncio.run(rehearse(given.place, launch))
        Disk().write_file(given.place / r.VERDICT, msgspec.json.encode(verdict), "new")
    except (PmError, msgspec.DecodeError) as exc:
        sys.stderr.write(f"pmrunnerd.rehearsing: cannot rehearse: {exc}\n")
        return 1
    except OSError as exc:
        sys.stderr.write(f"pmrunnerd.rehearsing: cannot rehearse: {exc.filename}: {exc.strerror}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
