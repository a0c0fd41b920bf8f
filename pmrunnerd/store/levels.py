"""Levels of the state's format: what this release reads, what it writes, how it reads what is older.

A fact is never rewritten. What an older release wrote is carried over each time it is read, one
level at a time. A release writes a level only once the one that it would go back to can read it,
and refuses a state of a level that it does not know before it changes anything.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from msgspec import Struct

# The level of this release. Raise it for a change that `model.events` cannot bear, and give the
# way up from the one before in MIGRATIONS and CHANGELOG.md.
LEVEL: Final = 1

# One fact of a level, as its JSON says it, becomes one of the next level.
Migration = Callable[[dict[str, Any]], dict[str, Any]]

MIGRATIONS: Final[Mapping[int, Migration]] = {}


class NewerLevel(Exception):
    """A commit is of a level that nobody here can read."""

    def __init__(self, level: int) -> None:
        super().__init__(level)
        self.level = level


class Levels(Struct, frozen=True, kw_only=True):
    """`newest` is read, and everything below it; `writes` is what is written."""

    newest: int = LEVEL
    writes: int = LEVEL
    migrations: Mapping[int, Migration] = MIGRATIONS

    def beside(self, previous: int | None) -> "Levels":
        """Return the levels of a release that may have to give way to one that reads `previous`.

        None where there is no release to go back to.
        """
        writes = self.newest if previous is None else min(self.newest, previous)
        return Levels(newest=self.newest, writes=writes, migrations=self.migrations)

    def must_migrate(self, level: int) -> bool:
        """Tell whether facts of a level are not as this release has them. Raises NewerLevel."""
        if level > self.newest:
            raise NewerLevel(level)
        return level < self.newest

    def migrate(self, fact: dict[str, Any], level: int) -> dict[str, Any]:
        """Carry a fact over to the newest level."""
        for step in range(level, self.newest):
            fact = self.migrations[step](fact)
        return fact


CURRENT: Final = Levels()
