"""strace: which system calls a process makes on its state, and a kill or a lie at one of them.

strace counts in each thread by itself, so a call is named by its file and by its number among the
calls on that file in one thread; the first thread that comes so far is killed or lied to.
"""

import re
import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence, Sized
from pathlib import Path
from typing import Final, NamedTuple

from tests.everything import EVERYTHING

STRACE: Final = shutil.which("strace")
# Each that changes a disk, takes a lock, or opens what is then read or changed.
CALLS: Final = (
    *("openat", "write", "pwrite64", "fdatasync", "fsync", "ftruncate"),
    *("rename", "unlink", "mkdir", "rmdir", "flock"),
)
# A write that says that it wrote nothing is the one short write that strace does not have to
# pretend: of any other bytes would be missing that a kernel had written. See test_real_disk.py.
LIES: Final[Mapping[str, tuple[str, ...]]] = {
    "openat": ("error=EMFILE", "error=ENOSPC"),
    "pwrite64": ("error=EIO", "retval=0", "error=ENOSPC", "error=EINTR"),
    "write": ("error=ENOSPC", "error=EIO", "error=EINTR"),
    "fdatasync": ("error=EIO", "error=EINTR"),
    "fsync": ("error=EIO",),
    "ftruncate": ("error=EIO",),
    "rename": ("error=EIO", "error=ENOSPC"),
    "mkdir": ("error=ENOSPC", "error=EIO"),
}
# Of so many calls at one place one is tried, and of the rest of them another one.
STRIDE: Final = 12
# Every so many-th place is lied at; each is killed at.
LIED_AT: Final = 3
NO_STATE: Final = frozenset({"control.sock", "test.log"})
# The golden section: the n-th place is tried at another part of its calls than those before it.
_GOLDEN: Final = 0.618
_DATED: Final = re.compile(r"[0-9]{8}T[0-9]{6}\.[0-9]{3}Z")
_UTC: Final = "<utc>"
_LINE: Final = re.compile(r"(?P<thread>[0-9]+) +(?P<call>\w+)\((?P<words>.*)")


class Place(NamedTuple):
    """A system call on a file, named from where the tracing begins: `journal/00000001.jsonl`."""

    call: str
    file: str


class Point(NamedTuple):
    """The `when`-th time of a call in its thread: on that file, or on any file if it is `dated`.

    What is set aside has the time in its name, which nobody knows before.
    """

    place: Place
    when: int

    @property
    def dated(self) -> bool:
        return _UTC in self.place.file

    def __str__(self) -> str:
        return f"{self.place.call} {self.place.file or '.'} {self.when}"


class Injection(NamedTuple):
    """What strace does at a point: `signal=KILL`, `error=EIO`, `retval=0`."""

    point: Point
    what: str

    def __str__(self) -> str:
        return f"{self.point}: {self.what}"


def tracing(trace: Path, root: Path, injection: Injection | None) -> list[str]:
    """Return how strace is called; the command, or `-p` and a process, comes behind it.

    It traces from beside, so that what is started is the traced process itself: its status and its
    end are its own, and strace goes with it.
    """
    assert STRACE is not None
    words = [STRACE, "-f", "-qq", "-o", str(trace)]
    if injection is None:
        return [*words, "-y", "-e", f"trace={','.join(CALLS)}"]
    (call, file), when = injection.point
    if not injection.point.dated:
        words += ["-P", str(root / file)]
    inject = f"inject={call}:{injection.what}:when={when}"
    return [*words, "-e", f"trace={call}", "-e", inject]


def points(trace: Path, root: Path, wanted: Callable[[str], bool]) -> dict[Place, list[Point]]:
    """Return the calls of a trace, place by place, that some thread comes to."""
    of_file: Counter[tuple[str, Place]] = Counter()
    of_call: Counter[tuple[str, str]] = Counter()
    found: defaultdict[Place, set[int]] = defaultdict(set)
    first = r'(?:[0-9]+<|[^"]*")'
    name = r'(?:/(?P<file>[^">]*?))?(?: \(deleted\))?[">]'
    path = re.compile(first + re.escape(str(root)) + name)
    for line in trace.read_text().splitlines():
        if not (made := _LINE.match(line)):
            continue
        thread, call = made["thread"], made["call"]
        of_call[thread, call] += 1
        if (on := path.match(made["words"])) is None:
            continue
        place = Place(call, _DATED.sub(_UTC, on["file"] or ""))
        of_file[thread, place] += 1
        # Opening is most often done by somebody else, and counted from what they did.
        if _UTC in place.file and call == "openat":
            continue
        when = of_call[thread, call] if _UTC in place.file else of_file[thread, place]
        if wanted(place.file) and place.file not in NO_STATE:
            found[place].add(when)
    return {place: [Point(place, n) for n in sorted(found[place])] for place in sorted(found)}


def always(counts: Sequence[Mapping[Place, Sequence[Point]]]) -> dict[Place, list[Point]]:
    """Return what was come to each time, or at least once where everything is tried.

    Which thread does what, and how many commits travel together, differs from time to time.
    """
    found: dict[Place, list[Point]] = {}
    for place in sorted({place for count in counts for place in count}):
        sets = [set(count.get(place, ())) for count in counts]
        both = set.union(*sets) if EVERYTHING else set.intersection(*sets)
        if both:
            found[place] = sorted(both)
    return found


def spread(there: Mapping[Place, Sequence[Point]], every: int) -> list[Point]:
    """Return the points to try: all of them, or some at every so many-th place and of each call."""
    if EVERYTHING:
        return [point for all_of_it in there.values() for point in all_of_it]
    return [
        all_of_it[int((n * _GOLDEN + k / tried) % 1 * len(all_of_it))]
        for n, all_of_it in enumerate(_some(there, every))
        for tried in [1 + len(all_of_it) // STRIDE]
        for k in range(tried)
    ]


def _some(there: Mapping[Place, Sequence[Point]], every: int) -> list[Sequence[Point]]:
    """Return what is at every so many-th place, and at the first one of each call that has none."""
    chosen = [*there][::every]
    calls = {place.call for place in chosen}
    for place in there:
        if place.call not in calls:
            calls.add(place.call)
            chosen.append(place)
    return [there[place] for place in sorted(chosen)]


def kills(there: Mapping[Place, Sequence[Point]], every: int) -> list[Injection]:
    return [Injection(point, "signal=KILL") for point in spread(there, every)]


def lies(there: Mapping[Place, Sequence[Point]], every: int) -> list[Injection]:
    """Return what to say at which point: all that a call may say, or one after the other."""
    turns: Counter[str] = Counter()
    found = []
    places = {place: there[place] for place in there if place.call in LIES}
    for point in spread(places, every * LIED_AT):
        call = point.place.call
        all_of_it = LIES[call]
        turn = turns[call] % len(all_of_it)
        turns[call] += 1
        said = all_of_it if EVERYTHING else all_of_it[turn : turn + 1]
        found += [Injection(point, what) for what in said]
    return found


def tally(tried: Sequence[Injection], hit: Sequence[bool], there: Mapping[Place, Sized]) -> str:
    """Say at how many points something was done, call by call."""
    hits = Counter(one.point.place.call for one, it in zip(tried, hit, strict=True) if it)
    of: Counter[str] = Counter()
    for place, there_are in there.items():
        of[place.call] += len(there_are)
    calls = ", ".join(f"{call} {hits[call]} of {count}" for call, count in of.items())
    return (
        f"{sum(hit)} of {len(tried)} points tried, {of.total()} in all,"
        f" {len(there)} places ({calls})"
    )
