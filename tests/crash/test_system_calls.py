"""The real daemon, killed or lied to at system calls on its state, by strace.

By default some of the points are tried, spread evenly; PMRUNNER_TEST_EVERYTHING=1 tries all.
"""

import os
import sys
from pathlib import Path

import pytest

from tests.crash.tracing import STRACE, Injection, copied, counted, live, prepared

pytestmark = [
    pytest.mark.skipif(STRACE is None, reason="strace is not installed"),
    pytest.mark.timeout(3600 if os.environ.get("PMRUNNER_TEST_EVERYTHING") else 300),
    pytest.mark.xdist_group("system calls"),
]

CALLS = ("openat", "pwrite64", "fdatasync", "fsync", "ftruncate", "rename", "flock", "unlink")
KILLED = -9
# How a daemon may end that the disk has lied to: it went on, could not start, or will start again
# from what the disk says.
HONEST = {None, 1, 74}
SOME = None if os.environ.get("PMRUNNER_TEST_EVERYTHING") else 4
# A write that says that it wrote nothing is the one short write that strace does not have to
# pretend: of any other bytes would be missing that a kernel had written. See test_real_disk.py.
LIES = (
    ("pwrite64", "retval=0"),
    ("pwrite64", "error=EINTR"),
    ("pwrite64", "error=EIO"),
    ("pwrite64", "error=ENOSPC"),
    ("fdatasync", "error=EIO"),
    ("fdatasync", "error=EINTR"),
    ("fsync", "error=EIO"),
    ("openat", "error=EMFILE"),
    ("openat", "error=ENOSPC"),
    ("ftruncate", "error=EIO"),
    ("rename", "error=ENOSPC"),
    ("rename", "error=EIO"),
)
# What no daemon goes on after, at least not from everywhere.
ENDS_IT = {(call, "error=EIO") for call in ("pwrite64", "fdatasync", "fsync", "rename")}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepared(tmp_path_factory.mktemp("base") / "state")


def points(count: int, some: int | None) -> list[int]:
    """Return which of so many are tried: all, or some, the first and the last among them."""
    if some is None or count <= some:
        return list(range(1, count + 1))
    return sorted({1 + round(n * (count - 1) / (some - 1)) for n in range(some)})


@pytest.mark.parametrize("call", CALLS)
def test_a_kill_at_a_system_call_loses_and_doubles_nothing(
    base: Path, tmp_path: Path, call: str, capsys: pytest.CaptureFixture[str]
) -> None:
    count = counted(copied(base, tmp_path / "counted"), call)
    tried = points(count, SOME)
    ends = []
    for when in tried:
        state = copied(base, tmp_path / f"kill-{when}")
        ends.append(live(state, Injection(call, "signal=KILL", when)).status)
    # How often a thread makes a call depends on how the groups fall, so the last may be missed.
    assert set(ends) <= {KILLED, None}
    assert ends.count(KILLED) * 2 >= len(tried)
    with capsys.disabled():
        sys.stdout.write(f"\n{call}: killed at {ends.count(KILLED)} of {count} points\n")


@pytest.mark.parametrize(("call", "lie"), LIES, ids=str)
def test_a_system_call_that_fails_is_said_or_survived_and_nothing_is_lost(
    base: Path, tmp_path: Path, call: str, lie: str, capsys: pytest.CaptureFixture[str]
) -> None:
    count = counted(copied(base, tmp_path / "counted"), call)
    tried = points(count, SOME)
    outcomes = []
    for when in tried:
        state = copied(base, tmp_path / f"lie-{when}")
        outcomes.append(live(state, Injection(call, lie, when)))
    ends = {outcome.status for outcome in outcomes}
    told = sum(outcome.was_lied_to for outcome in outcomes)
    assert ends <= HONEST
    assert told * 2 >= len(tried)
    if (call, lie) in ENDS_IT:
        assert ends - {None}
    with capsys.disabled():
        sys.stdout.write(f"\n{call} {lie}: at {told} of {count} points\n")
