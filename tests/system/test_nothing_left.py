"""Whatever ends the tests, nothing of a host stays: no process, no control group, no mount."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.house.tree import ROOT
from tests.system.host import PATIENCE, Booted
from tests.system.layout import PLACES
from tests.system.traces import Traces

pytestmark = [
    pytest.mark.system,
    pytest.mark.xdist_group("bare system"),
    pytest.mark.usefixtures("boots"),
]

# It tells who is there, and goes on once somebody has looked at that.
SUITE: Final = """
    import time
    from pathlib import Path

    def test_it_fails(bare):
        Path("there").write_text(f"{bare.pid} {bare.keeper}")
        Path("there").rename("pids")
        while not Path("go").exists():
            time.sleep(0.01)
        assert False
"""


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, true
        time.sleep(0.01)


def by_a_failing_test(suite: subprocess.Popen[bytes], directory: Path) -> None:
    (directory / "go").touch()


def by_an_interrupt(suite: subprocess.Popen[bytes], directory: Path) -> None:
    # As a terminal does it: everybody in the foreground gets it.
    os.killpg(suite.pid, signal.SIGINT)


def by_a_kill(suite: subprocess.Popen[bytes], directory: Path) -> None:
    suite.kill()


@pytest.mark.parametrize("end", [by_a_failing_test, by_an_interrupt, by_a_kill])
def test_nothing_is_left_of_tests_that_were_ended(
    end: Callable[[subprocess.Popen[bytes], Path], None], pytester: pytest.Pytester
) -> None:
    before = [sorted(place.iterdir()) for place in PLACES]
    pytester.makepyfile(test_suite=SUITE)
    argv = [sys.executable, "-m", "pytest", "-p", "tests.system.conftest", "-p", "no:cacheprovider"]
    with subprocess.Popen(
        argv,
        cwd=pytester.path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as suite:
        until((pytester.path / "pids").exists)
        host, keeper = map(int, (pytester.path / "pids").read_text().split())
        with Traces(host=host, keeper=keeper) as traces:
            assert len(list(traces.processes())) > 3
            assert list(traces.groups())

            end(suite, pytester.path)

            until(lambda: not traces.left())
    assert [sorted(place.iterdir()) for place in PLACES] == before


@pytest.fixture
def kept() -> Iterator[contextlib.ExitStack]:
    """What is to outlive a host."""
    with contextlib.ExitStack() as stack:
        yield stack


def test_nothing_is_left_after_an_ordinary_end(kept: contextlib.ExitStack) -> None:
    with Booted() as host:
        traces = kept.enter_context(Traces(host=host.pid, keeper=host.keeper))
        assert traces.left()

    assert traces.left() == []


def lose_a_keeper(kept: contextlib.ExitStack) -> Traces:
    with contextlib.suppress(AssertionError), Booted() as host:  # the keeper failed
        traces = kept.enter_context(Traces(host=host.pid, keeper=host.keeper))
        os.kill(host.keeper, signal.SIGKILL)
    return traces


def test_what_a_killed_keeper_leaves_the_next_one_sweeps_away(kept: contextlib.ExitStack) -> None:
    traces = lose_a_keeper(kept)
    until(lambda: not list(traces.processes()))
    assert list(traces.groups())

    with Booted() as other:
        assert traces.left() == []
        assert other.run("systemctl", "is-system-running", check=False).stdout == "running\n"
