"""Rehearses a candidate on a copy of a state: `python -m pmrunnerd.rehearsing`, which a unit runs, by `launch rehearse`.

This is the release that runs, and its word counts for what there was: it reads the copy, has the candidate live on it,
and reads what that has left. Root made the copy and gives the order; both lie in the directory of the unit.
"""

import argparse
import asyncio
import os
import shutil
import sys
from collections.abc import Sequence
from contextlib import closing, suppress
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec

from pmrunnerd.model import rehearsal as r
from pmrunnerd.model.errors import PmError
from pmrunnerd.recalling import AS_IT_IS
from pmrunnerd.recalling import JOURNAL as ALONE
from pmrunnerd.release import RELEASE
from pmrunnerd.rules.likeness import differences
from pmrunnerd.services import process
from pmrunnerd.services.clock import Clock
from pmrunnerd.services.outcome import Exited, why
from pmrunnerd.services.promotion import interview
from pmrunnerd.services.promotion.caller import Unanswered
from pmrunnerd.services.promotion.candidate import Candidate, surroundings
from pmrunnerd.services.promotion.copying import HISTORY, JOURNAL
from pmrunnerd.store import memories, snapshot
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.levels import NewerLevel
from pmrunnerd.store.snapshot import Living
from pmrunnerd.store.store import Store

# Seconds to leave in, as its unit has them; where it has its sockets, and what it remembers.
LEAVING: Final = 60.0
# Seconds for reading a journal from its first line on, however long it is; its unit may take a little longer.
REPLAYING: Final = 800.0
# For how long one that does not answer may be dying.
MOMENT: Final = 10.0
SOCKET: Final = "control.sock"
# Of a network in which there is nobody else.
PORT: Final = "3502"
RECALLED: Final = "recalled"
KEPT: Final = "kept"
REPLAYED: Final = "replayed"
_MEBI: Final = 1 << 20
_SAYS: Final = 1 << 20


async def rehearse(place: Path, launch: Sequence[str | Path]) -> r.Verdict:
    """Return what is not as it was. Raises PmError and OSError where that could not be seen."""
    order = msgspec.json.decode((place / r.ORDER).read_bytes(), type=r.Trial)
    state = place / r.STATE
    written = _digests(state)
    known, _ = _read(state)
    _keep(state, place / KEPT)
    shutil.copytree(state / JOURNAL, place / REPLAYED / JOURNAL)
    try:
        async with asyncio.TaskGroup() as group:
            replaying = group.create_task(_replay(order, place, known.living, launch))
            said, heard = await _live(order, place, known.living, launch)
            if heard is None:
                replaying.cancel()
            else:
                said += await replaying
    except ExceptionGroup as several:
        raise several.exceptions[0] from several
    found = [f"{order.candidate} {one}" for one in said]
    if heard is not None:
        found += _left(order.candidate, place, known, written, heard)
    return r.Verdict(differences=tuple(found), commits=known.seq)


def _digests(state: Path) -> dict[str, tuple[int, str]]:
    """Return size and digest of each segment."""
    found = {}
    for path in sorted((state / JOURNAL).iterdir()):
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


def _keep(state: Path, kept: Path) -> None:
    """Keep what saves us reading the whole journal again."""
    shutil.copytree(state / HISTORY, kept / HISTORY)
    with suppress(FileNotFoundError):  # of a state in which nothing has happened
        shutil.copy(state / snapshot.FILE, kept)


def _put_back(state: Path, kept: Path) -> None:
    """Have our own in place of what the candidate made of the journal."""
    shutil.rmtree(state / HISTORY)
    shutil.copytree(kept / HISTORY, state / HISTORY)
    (state / snapshot.FILE).unlink(missing_ok=True)
    with suppress(FileNotFoundError):
        shutil.copy(kept / snapshot.FILE, state)


async def _live(
    order: r.Trial, place: Path, known: Living, launch: Sequence[str | Path]
) -> tuple[list[str], interview.Heard | None]:
    """Have the candidate live on the copy; return what is to be said of that, and what it answered, if it did."""
    candidate = Candidate([*launch, *_words(order, place)], place)
    try:
        if wrong := await candidate.ready(order.patience):
            return [wrong], None
        found = _recalled(place / RECALLED / AS_IT_IS, known, "starting from what there is")
        try:
            heard = await interview.ask(place / SOCKET, order.environment, known)
        except Unanswered as unanswered:
            how = await candidate.over(MOMENT)
            return [*found, how or str(unanswered)], None
        wrong = await candidate.leave(LEAVING)
        found += [*heard.differences, *([wrong] if wrong else [])]
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


async def _replay(
    order: r.Trial, place: Path, known: Living, launch: Sequence[str | Path]
) -> list[str]:
    """Have the candidate read the whole journal, beside all else: what it starts from here may hide what it cannot."""
    file = place / RECALLED / ALONE
    words = ("recalled", order.environment, order.candidate, place / REPLAYED, file)
    done = await process.run(
        [*launch, *words], cwd=place, env=surroundings(place), total=REPLAYING, limit=_SAYS
    )
    if not isinstance(done, Exited) or done.status:
        return [f"cannot read the journal from its first line on: {why(done)}"]
    return _recalled(file, known, "reading the journal from its first line on")


def _recalled(file: Path, known: Living, how: str) -> list[str]:
    try:
        theirs = memories.decode(file.read_bytes())
    except FileNotFoundError:
        return ["does not write down what it remembers"]
    except (OSError, msgspec.DecodeError) as exc:
        return [f"remembers what the running release has no words for: {exc}"]
    before, after = memories.tables(known), memories.tables(theirs.living)
    return [f"{said}, {how}" for said in differences(before, after)]


def _left(
    name: str,
    place: Path,
    known: memories.Remembered,
    written: dict[str, tuple[int, str]],
    heard: interview.Heard,
) -> list[str]:
    """Return what the running release finds wrong with what the candidate left."""
    found, state = [], place / r.STATE
    for segment, (size, digest) in written.items():
        if _digest(state / JOURNAL / segment, size) != digest:
            found.append(f"{name} wrote over journal/{segment}")
    if found:
        return found
    before = memories.tables(known.living)
    for how in ("from what it left", "from where it was itself"):
        try:
            after, text = _read(state, heard.message)
        except (PmError, NewerLevel) as exc:
            return [f"the running release cannot read what {name} wrote: {_why(exc)}"]
        unlike = differences(before, memories.tables(after.living), heard.made)
        found += [f"of what {name} left, the running release {one}, {how}" for one in unlike]
        if heard.message and text != interview.SAID:
            found.append(f"the running release cannot read message {heard.message} back, {how}")
        _put_back(state, place / KEPT)
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
