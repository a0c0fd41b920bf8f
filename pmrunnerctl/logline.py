"""Which lines of the log somebody wants to see: those of a task, a run, a project, a level, a time."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

import click

from pmrunnerctl import times

# As journalctl calls them, most urgent first.
LEVELS: Final = ("critical", "error", "warning", "info", "debug")
PRIORITY: Final = {"critical": 2, "error": 3, "warning": 4, "info": 6, "debug": 7}
TASK: Final = re.compile(r"t[0-9]+")
RUN: Final = re.compile(r"r[0-9]+(-[a-z0-9]+)?")
_RUNS: Final = "pm-runner-runs.slice"
_PAIR: Final = re.compile(r'([a-z_]+)=(?:"((?:[^"\\]|\\.)*)"|([^ "]*))')
_BACK: Final = re.compile(r"([0-9]+)(s|min|h|d|days?)")
_SECONDS: Final = {"s": 1, "min": 60, "h": 3600, "d": 86400, "day": 86400, "days": 86400}


class Wanted(NamedTuple):
    """What lines are to be about. What is empty is any; of several names one is enough."""

    task: str = ""
    run: str = ""
    project: str = ""
    level: str = ""
    since: datetime | None = None

    @property
    def names(self) -> dict[str, str]:
        """The fields that are to have a value."""
        given = {"task": self.task, "run": self.run, "project": self.project}
        return {name: value for name, value in given.items() if value}

    def matches(self, line: bytes) -> bool:
        """Tell whether a line of a log file is wanted."""
        found = parse(line.decode(errors="replace"))
        if any(value not in found.get(name, "").split(",") for name, value in self.names.items()):
            return False
        if self.level and _priority(found.get("level", "")) > PRIORITY[self.level]:
            return False
        if self.since is None:
            return True
        at = times.parse(found.get("time", ""))
        return at is not None and at >= self.since

    def words(self, unit: str) -> list[str]:
        """Return how journalctl is told: what the unit of a daemon said, and run hosts of its runs.

        Others could have said so of theirs: `story` looks at who wrote an entry.
        """
        said = [f"--priority={PRIORITY[self.level]}"] if self.level else []
        said += [f"--since=@{self.since.timestamp():.0f}"] if self.since else []
        if not self.names:
            return [*said, f"--unit={unit}"]
        about = [f"PMRUNNER_{name.upper()}={value}" for name, value in self.names.items()]
        environment = unit.removeprefix("pm-runner@").removesuffix(".service")
        runs = (f"_SYSTEMD_SLICE={_RUNS}", f"PMRUNNER_ENV={environment}")
        return [*said, f"_SYSTEMD_UNIT={unit}", *about, "+", *runs, *about]


def parse(line: str) -> dict[str, str]:
    """Return the fields of a line; none for what is no line of the log."""
    return {
        key: bare or re.sub(r"\\(.)", r"\1", quoted) for key, quoted, bare in _PAIR.findall(line)
    }


def _priority(level: str) -> int:
    return PRIORITY.get(level, PRIORITY["info"])


def is_a(pattern: re.Pattern[str], example: str) -> Callable[..., str]:
    """Return what refuses each value of an option that is not spelled like that."""

    def refuse(_: click.Context, option: click.Parameter, value: str | None) -> str:
        if value and not pattern.fullmatch(value):
            raise click.BadParameter(f"{value!r} is no {option.name}, such as {example}")
        return value or ""

    return refuse


def moment(_: click.Context, __: click.Parameter, value: str | None) -> datetime | None:
    """Return the time that was given: when, on the clock on the wall, or how long ago."""
    if not value:
        return None
    try:
        if back := _BACK.fullmatch(value):
            return datetime.now(UTC) - timedelta(seconds=int(back[1]) * _SECONDS[back[2]])
        return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        raise click.BadParameter(
            f"{value!r} is no time, such as 30min, 2h, 3days or 2026-11-24T12:30"
        ) from None
