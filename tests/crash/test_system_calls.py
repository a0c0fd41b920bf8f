"""The real daemon, killed or lied to at system calls on its state, by strace.

By default some of the points are tried, at least one at each place, a call and a file, but for
operations with many (`every`);
PMRUNNER_TEST_EVERYTHING=1 tries all.
"""

import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import pytest

from tests.crash import archiving
from tests.crash import operations as work
from tests.crash.lives import Operation, Outcome, copied, counted, live
from tests.crash.tracing import STRACE, Injection, always, kills, lies, tally
from tests.everything import EVERYTHING

pytestmark = [
    pytest.mark.skipif(STRACE is None, reason="strace is not installed"),
    pytest.mark.timeout(7200 if EVERYTHING else 1800),
    pytest.mark.xdist_group("system calls"),
]

COUNTINGS = 3
KILLED = -9
# How a daemon may end that the disk has lied to: it went on, could not start, or will start again
# from what the disk says.
HONEST = {None, 1, 74}
# Where the calls are that an operation makes and no other one.
SEGMENT = {"journal", "journal/00000002.jsonl"}
QUESTION = {f"history/{name}" for name in ("questions", "runs", "runs-w1", "finished.jsonl")}
BACKUP = {"", "journal", "journal/00000001.jsonl", "runs", "set-aside", "set-aside/kept"}
OPERATIONS: Final[Mapping[str, Operation]] = {
    "append": Operation(work.torn, work.talk, work.as_told, every=40),
    "empty": Operation(work.nothing, work.begin_and_talk, work.as_told, every=56),
    "segment": Operation(
        work.nearly_full,
        work.talk,
        work.two_segments,
        SEGMENT.__contains__,
        later=True,
        every=32,
    ),
    "question": Operation(
        work.nothing,
        work.ask_and_answer,
        work.answered_once,
        QUESTION.__contains__,
        every=32,
    ),
    "backup": Operation(
        archiving.with_something_aside,
        archiving.back_up,
        archiving.whole,
        BACKUP.__contains__,
        later=True,
        every=6,
    ),
    "restore": Operation(
        archiving.with_an_archive,
        archiving.restore,
        archiving.is_the_new_one,
        later=True,
        every=40,
    ),
}


class Base:
    """A state to begin an operation on, and the calls that are made on it then."""

    def __init__(self, name: str, directory: Path) -> None:
        self.operation = OPERATIONS[name]
        self._directory = directory / "base"
        self._directory.mkdir()
        self.operation.prepare(self._directory)
        self.there = always(
            [
                counted(self.operation, copied(self._directory, directory / f"counted-{n}"))
                for n in range(COUNTINGS)
            ]
        )

    def live(self, at: Path, injection: Injection) -> Outcome:
        return live(self.operation, copied(self._directory, at), injection)


@pytest.fixture(scope="module", params=OPERATIONS)
def base(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Base:
    return Base(request.param, tmp_path_factory.mktemp(request.param))


def ends_it(injection: Injection) -> bool:
    """Tell whether no daemon may go on after this: it cannot know what of its journal is there."""
    call, file = injection.point.place
    writes = call in {"pwrite64", "fdatasync"} and file.startswith("journal/")
    return writes and injection.what == "error=EIO"


Tell = Callable[[str], None]


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest) -> Tell:
    """Say something about a test, whatever is captured."""

    def told(what: str) -> None:
        with capsys.disabled():
            sys.stdout.write(f"\n{request.node.callspec.id}: {what}\n")

    return told


def each(base: Base, tmp_path: Path, injections: list[Injection]) -> list[Outcome]:
    """Live once with each injection; tell of every life that went wrong, not of the first one."""
    found, wrong = [], []
    for number, injection in enumerate(injections):
        try:
            found.append(base.live(tmp_path / str(number), injection))
        except AssertionError as error:
            wrong.append(f"{injection} in {tmp_path / str(number)}: {error}")
        else:
            shutil.rmtree(tmp_path / str(number))
    assert not wrong, "\n".join(wrong)
    return found


def test_a_kill_at_a_system_call_loses_and_doubles_nothing(
    base: Base, tmp_path: Path, tell: Tell
) -> None:
    tried = kills(base.there, base.operation.every)
    ends = [outcome.status for outcome in each(base, tmp_path, tried)]
    tell(f"killed at {tally(tried, [end == KILLED for end in ends], base.there)}")
    assert set(ends) <= {KILLED, None}
    # How often a thread makes a call depends on how the groups fall, so some may be missed.
    assert ends.count(KILLED) * 2 >= len(tried)


def test_a_system_call_that_fails_is_said_or_survived_and_nothing_is_lost(
    base: Base, tmp_path: Path, tell: Tell
) -> None:
    tried = lies(base.there, base.operation.every)
    outcomes = each(base, tmp_path, tried)
    told = [outcome.was_lied_to for outcome in outcomes]
    tell(f"lied to at {tally(tried, told, base.there)}")
    assert {outcome.status for outcome in outcomes} <= HONEST
    for injection, outcome in zip(tried, outcomes, strict=True):
        assert outcome.status is not None or not (outcome.was_lied_to and ends_it(injection))
    assert sum(told) * 2 >= len(tried)
