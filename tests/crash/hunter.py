"""Kills the daemon, run hosts and agents at random moments; a kill counts only by evidence."""

import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from pmrunnerd.model.progress import Finished
from pmrunnerd.services import lockfile
from pmrunnerd.services.rundir import RunDirectory
from tests.crash.processes import Process, agents, of_runs
from tests.crash.strikes import PATIENCE, Target

AGENT: Final = ("outside", "first", "script")
# How long to wait, at most, between seeing somebody at work and striking, in seconds.
LONGEST: Final = 0.25
# How long a daemon is let start before it is killed again, in seconds: mostly until it is ready.
PATIENCES: Final = (0.1, 0.2, PATIENCE, PATIENCE, PATIENCE, PATIENCE)


class Hunter:
    """Strikes until each kind of victim was hit as often as wanted. `counts` has those that count."""

    def __init__(self, target: Target, seed: int, *checks: Callable[[], None]) -> None:
        self._target = target
        self._checks = checks
        self._dice = random.Random(seed)
        self._runs = target.state / "runs"
        self.counts: Counter[str] = Counter()
        self.missed: Counter[str] = Counter()

    def rage(self, wanted: Mapping[str, int]) -> None:
        """Kill so many of each kind: `daemon`, `host`, `both` at once, and the three of AGENT."""
        while left := [kind for kind, times in wanted.items() if self.counts[kind] < times]:
            self._check()
            weights = [wanted[kind] - self.counts[kind] for kind in left]
            (kind,) = self._dice.choices(left, weights)
            self._until_there(kind)
            time.sleep(self._dice.uniform(0, LONGEST) ** 2 / LONGEST)
            counted = self.counts if self._strike(kind) else self.missed
            counted[kind] += 1
            assert sum(self.missed.values()) < 10 * sum(wanted.values()), self.report()

    def report(self) -> str:
        """Say how many of whom were killed while a run was under way."""
        counts, missed = self.counts, sum(self.missed.values())
        agent = ", ".join(f"{kind} {counts[kind]}" for kind in AGENT)
        return (
            f"{sum(counts.values())} kills with a run under way: daemon {counts['daemon']}, run host"
            f" {counts['host']}, both at once {counts['both']}, agent {self.of_agents} ({agent});"
            f" {missed} others"
        )

    @property
    def of_agents(self) -> int:
        return sum(self.counts[kind] for kind in AGENT)

    def _check(self) -> None:
        for check in self._checks:
            check()

    def _strike(self, kind: str) -> bool:
        found = self._prey(kind)
        if not found:
            return False
        victim = self._dice.choice(found)
        if kind == "daemon":
            return self._kill_daemon(found)
        if kind == "both":
            killed = self._kill(victim) if self._dice.random() < 0.5 else None
            self._target.strike()
            killed = self._kill(victim) if killed is None else killed
            self._start()
            return killed
        return self._kill(victim)

    def _kill_daemon(self, found: list[Process]) -> bool:
        self._target.strike()
        counts = self._is_any_under_way(found)
        self._start()
        return counts

    def _is_any_under_way(self, hosts: list[Process]) -> bool:
        """Tell it of hosts that were seen before the daemon died: who is at work now was so then."""
        return any(self._is_under_way(process) for process in hosts if process.is_alive())

    def _kill(self, victim: Process) -> bool:
        under_way = self._is_under_way(victim)
        killed = victim.kill()
        # The last word of a host that had already said it is not one that it was kept from saying.
        return killed and under_way and not (victim.host and self._has_said_all(victim.run))

    def _start(self) -> None:
        """Start the daemon; now and then it is killed again before it is ready."""
        self._target.spawn()
        while not self._target.is_ready_within(self._dice.choice(PATIENCES)):
            found = self._prey("daemon")
            self._target.strike()
            self.counts["daemon"] += self._is_any_under_way(found)
            self._target.spawn()

    def _until_there(self, kind: str) -> None:
        until = time.monotonic() + PATIENCE
        while not self._prey(kind):
            self._check()
            assert time.monotonic() < until, f"there is no {kind}; {self.report()}"
            time.sleep(0.01)

    def _prey(self, kind: str) -> list[Process]:
        found = of_runs(self._target.state)
        if kind in AGENT:
            return agents(found)[kind]
        return [process for process in found if process.host]

    def _is_under_way(self, process: Process) -> bool:
        run = process.run
        return lockfile.is_held(self._runs / run / "lock") and not self._has_said_all(run)

    def _has_said_all(self, run: str) -> bool:
        return has_last_word(self._runs / run)


def has_last_word(directory: Path) -> bool:
    """Tell whether a run's event file ends with how it ended."""
    run = RunDirectory(directory)
    reports, cursor = [], 0
    while page := run.read(cursor, 1000):
        reports, cursor = page, page[-1][0]
    return bool(reports) and isinstance(reports[-1][1], Finished)
