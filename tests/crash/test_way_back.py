"""The way there and the way back, killed at each system call and cut off from power at each moment: who comes next ends it."""

import random
import sys
from pathlib import Path

import pytest

from tests.crash.replay import Memory, lay_out
from tests.crash.tracing import STRACE
from tests.crash.wayback import (
    DEEDS,
    NEXT,
    calls,
    killed_at,
    must_be_finished_by,
    must_be_whole,
    prepared,
    run,
    seen,
)
from tests.everything import EVERYTHING
from tests.package.ontrial import OnTrial

pytestmark = [
    pytest.mark.skipif(STRACE is None, reason="strace is not installed"),
    pytest.mark.timeout(1800),
    pytest.mark.xdist_group("way back"),
]
# Of so many calls one is killed at, unless everything is tried; in memory the power is cut at all of them.
EVERY = 1 if EVERYTHING else 4
SIGKILL = -9


@pytest.mark.parametrize("name", DEEDS)
def test_a_power_cut_at_any_moment_leaves_what_the_next_one_ends(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    deed, chance = DEEDS[name], random.Random(name)
    prod = prepared(deed, tmp_path / "root")
    memory, trace = Memory(prod), tmp_path / "trace"
    assert run(deed, prod, trace) == 0
    after = seen(prod)
    moments = [call for call in calls(trace, prod) if call.changes]
    tried = 0
    for call in (*moments, None):
        for image in memory.left(chance):
            tried += 1
            for comes in NEXT:
                lay_out(image, prod)
                must_be_finished_by(comes, prod)
            lay_out(image, prod)
            assert call or seen(prod) == after, "it was told that this is so, and it is not"
        if call:
            memory.do(call)
    with capsys.disabled():
        sys.stdout.write(f"\n{name}: {tried} states of a power cut at {len(moments) + 1} moments\n")
    assert tried > len(moments)


@pytest.mark.parametrize("name", DEEDS)
def test_a_kill_at_any_system_call_leaves_what_the_next_one_ends(tmp_path: Path, name: str) -> None:
    deed = DEEDS[name]
    base = prepared(deed, tmp_path / "base")
    counted = base.copy(tmp_path / "counted")
    assert run(deed, counted, tmp_path / "trace") == 0
    there = calls(tmp_path / "trace", counted)
    assert len([call for call in there if call.changes]) > 4
    for number, call in enumerate(there[:: 1 if name == "count, and go back" else EVERY]):
        left = base.copy(tmp_path / "left")
        status = run(deed, left, tmp_path / "trace", *killed_at(call))
        assert status == SIGKILL, (call, status)
        must_be_whole(left)
        for comes in NEXT:
            must_be_finished_by(comes, left.copy(tmp_path / f"{number}-{comes}"))
        left.remove()
    assert number


@pytest.mark.parametrize("error", ["ENOSPC", "EIO", "EACCES"])
@pytest.mark.parametrize("name", ["count", "count, and go back"])
def test_a_call_that_fails_is_said_and_leaves_what_the_next_one_ends(
    tmp_path: Path, name: str, error: str
) -> None:
    deed = DEEDS[name]
    base = prepared(deed, tmp_path / "base")
    counted = base.copy(tmp_path / "counted")
    assert run(deed, counted, tmp_path / "trace") == 0
    there = [call for call in calls(tmp_path / "trace", counted) if call.changes]
    for number, call in enumerate(there[:: 1 if EVERYTHING else 3]):
        left = base.copy(tmp_path / str(number))
        status = run(deed, left, tmp_path / "trace", *killed_at(call, f"error={error}"))
        assert "(INJECTED)" in (tmp_path / "trace").read_text()
        assert status in {0, 30}
        must_be_whole(left)
        # Nobody starts twice by a try that is not written down.
        assert left.dist == "1-a" or status == 30 or left.record["left"] == 0
        must_be_finished_by("count", left)


def test_a_call_that_was_killed_at_did_not_happen(tmp_path: Path) -> None:
    deed = DEEDS["count, and go back"]
    base = prepared(deed, tmp_path / "base")
    counted = base.copy(tmp_path / "counted")
    run(deed, counted, tmp_path / "trace")
    renames = [call for call in calls(tmp_path / "trace", counted) if call.name == "rename"]
    whys = []
    for number, call in enumerate(renames):
        left: OnTrial = base.copy(tmp_path / str(number))
        run(deed, left, tmp_path / "trace", *killed_at(call))
        whys.append((left.record["state"], left.dist))

    assert whys == [("open", "2-b"), ("open", "2-b"), ("open", "1-a")]
