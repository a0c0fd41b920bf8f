"""Commands that work on a state or an archive, killed or lied to at their system calls by strace."""

import shutil
import sys
from pathlib import Path

import pytest

from tests.crash.commands import COMMANDS, Ended, run, trace_of
from tests.crash.tracing import STRACE, Injection, kills, lies, points, tally
from tests.everything import EVERYTHING

pytestmark = [
    pytest.mark.skipif(STRACE is None, reason="strace is not installed"),
    pytest.mark.timeout(7200 if EVERYTHING else 1800),
    pytest.mark.xdist_group("system calls"),
]


class Base:
    """What is there before a command, and the calls that it makes there."""

    def __init__(self, name: str, directory: Path) -> None:
        self.name = name
        self.command = COMMANDS[name]
        self._directory = directory / "base"
        self._directory.mkdir()
        self.command.prepare(self._directory)
        counted = directory / "counted"
        assert run(self.command, self._directory, counted, None).status == 0
        root = counted / self.command.root
        self.there = points(trace_of(counted), root, lambda _: True)

    def each(self, to: Path, injections: list[Injection]) -> list[Ended]:
        """Run it once with each injection; tell of every run that went wrong."""
        found, wrong = [], []
        for number, injection in enumerate(injections):
            try:
                found.append(run(self.command, self._directory, to / str(number), injection))
            except AssertionError as error:
                wrong.append(f"{injection} in {to / str(number)}: {error}")
            else:
                shutil.rmtree(to / str(number))
        assert not wrong, "\n".join(wrong)
        return found


@pytest.fixture(scope="module", params=COMMANDS)
def base(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Base:
    return Base(request.param, tmp_path_factory.mktemp("command"))


def test_a_command_that_is_killed_leaves_nothing_half_and_the_next_one_does_it(
    base: Base, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tried = kills(base.there, base.command.every)
    killed = [ended.was_killed for ended in base.each(tmp_path, tried)]
    with capsys.disabled():
        sys.stdout.write(f"\n{base.name}: killed at {tally(tried, killed, base.there)}\n")
    assert sum(killed) * 2 > len(tried)


def test_a_command_whose_system_call_fails_says_so_and_leaves_nothing_half(
    base: Base, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tried = lies(base.there, base.command.every)
    told = [ended.was_lied_to for ended in base.each(tmp_path, tried)]
    with capsys.disabled():
        sys.stdout.write(f"\n{base.name}: lied to at {tally(tried, told, base.there)}\n")
    assert sum(told) * 2 > len(tried)
