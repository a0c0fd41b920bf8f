"""Promotions and rollbacks in a row on a host: how long each part takes, and what is more of anything after each."""

import statistics
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple, Self

from pmrunnerd.model.promotion import Deed
from tests.system.moving import Moving

# Of what goes back nobody asks for papers.
NONE: Final = {"record": b"", "section": b"", "approved_by": ""}
STATE: Final = "/var/lib/pm-runner"
# As many looks in a row have to say the same.
_ALIKE: Final = 5
# In there: bytes of all files, how many descriptors daemon and manager have, all units, and resident memory (KiB) of both.
_HELD: Final = """
import pathlib, subprocess, sys
def shown(*words): return subprocess.run(words, check=True, capture_output=True, text=True).stdout
pid = shown("systemctl", "show", "--value", "--property=MainPID", sys.argv[1]).strip()
place = pathlib.Path(sys.argv[2])
files = sum(one.lstat().st_size for one in place.rglob("*") if one.is_file() and not one.is_symlink())
def fds(pid): return len(list(pathlib.Path("/proc", pid, "fd").iterdir()))
def rss(pid): return next(int(l.split()[1]) for l in open(f"/proc/{pid}/status") if l.startswith("VmRSS"))
units = len(shown("systemctl", "list-units", "--all", "--no-legend", "pm-runner*").splitlines())
print(files, fds(pid), fds("1"), units, rss(pid), rss("1"))
"""


class Held(NamedTuple):
    """What there is at one moment: bytes of the state; descriptors and KiB of daemon and manager; units."""

    state: int
    descriptors: int
    of_manager: int
    units: int
    memory: int
    memory_of_manager: int


class Moved(NamedTuple):
    """Seconds that the parts of one promotion took, by root's record."""

    vetting: float
    rehearsal: float
    switch: float
    healthy: float
    probation: float

    @classmethod
    def of(cls, at: dict[str, float]) -> Self:
        """Return it by when each step was taken."""
        return cls(
            vetting=at["signed"] - at["begun"],
            rehearsal=at["rehearsed"] - at["signed"],
            switch=at["restarted"] - at["rehearsed"],
            healthy=at["healthy"] - at["restarted"],
            probation=at["confirmed"] - at["healthy"],
        )

    @property
    def own(self) -> float:
        """What is neither the rehearsal nor a restart with its canary nor the probation."""
        return self.vetting + self.switch


def held(moving: Moving) -> Held:
    """Look at a host, once nothing is on its way: a manager lets go of units that are over when it has time."""

    def look() -> Held:
        said = moving.machine.run("python3", "-IBSc", _HELD, moving.daemon, STATE).stdout
        return Held(*map(int, said.split()))

    looks = [look() for _ in range(_ALIKE)]

    def rests() -> bool:
        looks.append(look())
        return len({one[:4] for one in looks[-_ALIKE:]}) == 1

    moving.machine.wait(rests)
    return looks[-1]


def move(moving: Moving, name: str, deed: Deed) -> dict[str, float]:
    """Move to a release; return when each step was taken. Raises AssertionError where it does not come about."""
    papers: dict[str, Any] = {} if deed is Deed.PROMOTE else NONE
    promotion = moving.promote(name, deed=deed, **papers)
    assert (moving.ended(promotion), moving.dist) == (0, name), moving.lines(promotion)
    return {str(line.step): line.at for line in moving.lines(promotion)}


def cycle(moving: Moving, name: str, deed: Deed = Deed.PROMOTE) -> dict[str, float]:
    """Move to a release, and roll back to what ran; return when each step to it was taken."""
    old = moving.dist
    found = move(moving, name, deed)
    move(moving, old, Deed.ROLLBACK)
    return found


def lines(moved: Sequence[Moved], looks: Sequence[Held]) -> Iterator[str]:
    """Say it, a line each."""
    for name in Moved._fields:
        yield f"promotion, {name}: {spread([getattr(one, name) for one in moved])}"
    yield f"promotion, beside rehearsal, restart and probation: {spread([one.own for one in moved])}"
    for name in Held._fields:
        values = [getattr(one, name) for one in looks]
        more = [after - before for before, after in pairwise(values)]
        yield f"{name}: {values[0]} to {values[-1]}; more in each cycle: {sorted(set(more))}"


def spread(seconds: Sequence[float]) -> str:
    """Say which is in the middle, and the longest."""
    return f"{statistics.median(seconds) * 1000:.0f} ms, at most {max(seconds) * 1000:.0f} ms ({len(seconds)})"
