"""Mends a damaged journal: sets aside, never deletes, and finishes what an earlier repair began.

Order is what makes a kill harmless: caches go first, they are made again; then, segment by
segment, the original is durable in `set-aside/` before it is replaced in one step. Until the last
one is replaced the journal is still a damaged one, which nobody opens and the next repair mends. The
newest segment is the first: what holds back is in there, and must be wherever the journal opens.
"""

import contextlib
import errno
from pathlib import Path
from typing import Final

from pmrunnerd.model import events as ev
from pmrunnerd.model.errors import Unavailable, disk_hint
from pmrunnerd.model.upkeep import Repaired
from pmrunnerd.store import snapshot as snapshots
from pmrunnerd.store.aside import ASIDE, dated, fresh
from pmrunnerd.store.batch import Batch, encode
from pmrunnerd.store.believe import proven
from pmrunnerd.store.doubts import held
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.hearsay import identifiers
from pmrunnerd.store.lock import Lock
from pmrunnerd.store.mending import Keep, Lost, Mending
from pmrunnerd.store.salvage import Salvage
from pmrunnerd.store.segments import path_of
from pmrunnerd.store.verify import check_there

# Made from the journal, and out of date once it changes.
CACHES: Final = (snapshots.FILE, "history")


def repair(disk: Disk, directory: Path, *, at: str, release: str, change: bool) -> Repaired:
    """Mend a state's journal, or only tell what that would do unless `change`.

    Raises Refused while a daemon has the state, NotFound where there is none, Unavailable where
    the disk says no; the same may then be asked again.
    """
    check_there(disk, directory)
    with contextlib.closing(Lock(directory / "lock", at=at, release=release, disk=disk)) as lock:
        reached = proven(disk, directory, lock)
        plan = Mending(disk, directory / "journal", reached)
        holding, kept = plan.doubts.facts(plan.state), ""
        if change and plan.changed:
            try:
                lock.reach(reached)
                kept = _mend(disk, directory, plan, at, holding)
            except OSError as error:
                raise Unavailable(
                    f"cannot repair {directory}: {error.strerror}",
                    hint=disk_hint(error, directory),
                ) from error
            lock.note(plan.seq + (1 if holding else 0))
    return Repaired(
        changed=bool(kept),
        commits=plan.seq,
        lost=len(plan.lost),
        kept=kept,
        findings=tuple(plan.findings),
        held=held(plan.state, holding),
    )


def _mend(
    disk: Disk, directory: Path, plan: Mending, at: str, holding: tuple[ev.AnyEvent, ...]
) -> str:
    disk.make_directory(directory / ASIDE)
    kept = fresh(disk, directory / ASIDE, dated(at, "before-repair"))
    disk.make_directory(kept)
    disk.make_directory(directory / "journal")
    for name in CACHES:
        if name in disk.names(directory):
            disk.rename(directory / name, kept / name)
    disk.sync_directory(kept)
    disk.sync_directory(directory)
    last = max(plan.segments)
    for segment in sorted(plan.changed | ({last} if holding else set()), key=lambda n: -n):
        path = path_of(directory / "journal", segment)
        readable = Salvage(disk)
        there = path.name in disk.names(path.parent)
        before = readable.read_file(path) if there else None
        if before is not None:
            disk.write_file(kept / path.name, before, "new")
            disk.sync_directory(kept)
        parts = plan.segments[segment]
        for keep in (part for part in parts if isinstance(part, Keep)):
            # It was there when the journal was looked at, so it may be there again.
            if why := readable.why(keep.offset, keep.offset + keep.size):
                raise OSError(errno.EIO, why, str(path))
        content = [_content(part, before or b"", at, kept.name) for part in parts]
        if holding and segment == last:
            content.append(encode(Batch(seq=plan.seq + 1, at=at, facts=holding)))
        disk.replace_file(path, b"".join(content))
    return str(kept)


def _content(part: Keep | Lost, before: bytes, at: str, kept: str) -> bytes:
    if isinstance(part, Keep):
        return before[part.offset : part.offset + part.size]
    fact = ev.CommitLost(
        reason=part.why,
        kept=f"{ASIDE}/{kept}/{part.segment:08}.jsonl" if part.line else "",
        line=part.line,
        minted=identifiers(part.raw),
    )
    return encode(Batch(seq=part.seq, at=at, facts=(fact,)))
