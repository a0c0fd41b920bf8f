"""Git in a workspace, where all of it is hostile input: its configuration, attributes and filters.

Flags alone do not make git safe there, so it always runs in a cell; they keep it predictable.
"""

import errno
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from pmrunnerd.model.errors import PmError
from pmrunnerd.services import process
from pmrunnerd.services.cell import NONE, Cell, Reach
from pmrunnerd.services.leftovers import VARIABLE
from pmrunnerd.services.outcome import Exited, Outcome, TimedOut, collect, why

OBJECT: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_TOTAL: Final = 300.0
_LIMIT: Final = 32 << 20
_SAID: Final = 500  # characters of what git said where the name of a commit was to be

_SETTINGS: Final = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.quotePath=false",
    "core.splitIndex=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "commit.gpgSign=false",
    "submodule.recurse=false",
    "protocol.allow=never",
    # A commit that the daemon records must survive what the record survives.
    "core.fsync=committed,reference",
    "core.fsyncMethod=batch",
)
_GIT: Final = (
    "git",
    *("--no-pager", "--literal-pathspecs"),
    *(word for setting in _SETTINGS for word in ("-c", setting)),
)


# Debian's reads /etc/bash.bashrc where its input is a socket, as a cell's is.
BASH: Final = ("bash", "--norc", "--noprofile", "-o", "pipefail", "-euc")
_FILTER: Final = 'only=$1; shift; "$@" | sed --null-data --quiet "$only"'


# As git tells of it at the end of a line, and a program of ours at its beginning.
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)
_ENDS: Final = tuple(map(os.strerror, _FULL))
_BEGINS: Final = tuple(f"OSError: [Errno {number}]" for number in _FULL)


class GitFailed(PmError):
    """Git could not do what we need; the repository may be damaged, or the disk full."""


class NoRoom(GitFailed):
    """The disk is full, or our share of it: no fault of what is there, and it passes."""


class TooSlow(PmError):
    """Git took longer than anybody waits for it. No GitFailed: another try would take as long."""


def identity(run: str) -> dict[str, str]:
    """Return the variables by which a run's commits can be told from anybody else's."""
    address = email(run)
    return {
        "GIT_AUTHOR_NAME": "pm-runner",
        "GIT_AUTHOR_EMAIL": address,
        "GIT_COMMITTER_NAME": "pm-runner",
        "GIT_COMMITTER_EMAIL": address,
        # The owner of a workspace may look like nobody from in there.
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": "*",
        "GIT_TERMINAL_PROMPT": "0",
    }


def email(run: str) -> str:
    """Return the address of the commits that a run makes."""
    return f"{run}@pm-runner.invalid"


class Git:
    """Runs git for one run in one cell."""

    def __init__(self, cell: Cell, run: str) -> None:
        self.cell = cell
        self.run = run
        self.directory, self.tree = ".git", cell.workspace
        self._git = _GIT
        self._environment = {
            "PATH": process.PATH,
            "HOME": "/nonexistent",
            "LANG": "C.UTF-8",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_OPTIONAL_LOCKS": "0",
            # A run could have us read anything in the place of what its commit is.
            "GIT_NO_REPLACE_OBJECTS": "1",
            # Looked for, the repository could be another: the workspace itself can be made one.
            "GIT_DIR": self.directory,
            "GIT_WORK_TREE": ".",
            **identity(run),
            VARIABLE: run,
        }

    def within(self, directory: Path, tree: Path) -> "Git":
        """Return the git of another repository in the same cell, by its two directories."""
        other = Git(self.cell, self.run)
        other.directory, other.tree = str(directory), tree
        # Elsewhere it would take files of the same names for those that a sparse checkout left out.
        other._git = (*_GIT, "-C", str(tree))
        other._environment |= {"GIT_DIR": str(directory), "GIT_WORK_TREE": str(tree)}
        return other

    async def __call__(self, *arguments: str, index: str = "") -> str:
        """Run one git command and return what it printed; raise GitFailed unless it exits 0.

        Whatever raises GitFailed raises TooSlow instead where it took more than five minutes.
        `index` names another index file than the workspace's own, below `.git`.
        """
        outcome = await self.outcome(*arguments, index=index)
        return decode(self._printed(outcome, arguments[0]))

    async def records(self, *arguments: str, index: str = "", only: str) -> list[str]:
        """Run one git command that ends what it prints with NULs; return that, paths as they are.

        `only` is a script of sed that prints what is wanted, in the cell: of a large repository all
        is too much. Such a path names its file whatever its bytes are; to be shown it goes through
        `shown`.
        """
        words = (*BASH, _FILTER, "bash", only, *self._git, *arguments)
        more = {"GIT_INDEX_FILE": index} if index else {}
        printed = self._printed(await self._start(words, more), arguments[0])
        return os.fsdecode(printed).split("\0")[:-1]

    async def pipeline(
        self, script: str, given: bytes = b"", *, index: str = "", **more: str
    ) -> list[str]:
        """Run a script of bash, to which `"$@"` is git, and return what it ended with NULs.

        It reads what it is given, of any length, by `<&$GIVEN`; `more` are variables of it. Raises
        GitFailed unless all of it exits 0.
        """
        if index:
            more |= {"GIT_INDEX_FILE": index}
        words = (*BASH, script, "bash", *self._git)
        with process.given(given) as file:
            more |= {"GIVEN": str(file)}
            outcome = await self._start(words, more, Reach(lent=(file,)))
        return os.fsdecode(self._printed(outcome, "in a pipeline")).split("\0")[:-1]

    def _printed(self, outcome: Outcome, what: str) -> bytes:
        if isinstance(outcome, Exited) and outcome.status == 0:
            return outcome.out
        raise self._failure(f"git {what}", outcome)

    async def succeeds(self, *arguments: str, index: str = "") -> bool:
        """Tell whether one git command exits 0; raise GitFailed if it did not exit."""
        outcome = await self.outcome(*arguments, index=index)
        if not isinstance(outcome, Exited):
            raise self._failure(f"git {arguments[0]}", outcome)
        return outcome.status == 0

    async def outcome(self, *arguments: str, index: str = "") -> Outcome:
        """Run one git command."""
        more = {"GIT_INDEX_FILE": index} if index else {}
        return await self._start((*self._git, *arguments), more)

    async def program(self, words: Sequence[str], reach: Reach = NONE) -> Outcome:
        """Run another program in the same cell."""
        return await self._start(words, {}, reach)

    async def command(self, *words: str, reach: Reach = NONE) -> None:
        """Run another program in the same cell; raise GitFailed unless it exits 0."""
        outcome = await self.program(words, reach)
        if not (isinstance(outcome, Exited) and outcome.status == 0):
            raise self._failure(words[0], outcome)

    def _failure(self, what: str, outcome: Outcome) -> GitFailed | TooSlow:
        return failure(f"run {what} in {self.cell.workspace}", outcome)

    async def has(self, path: str) -> bool:
        """Tell whether a path below the workspace is there; raise GitFailed where nobody can tell."""
        outcome = await self.program(("test", "-e", path))
        if not isinstance(outcome, Exited):
            raise failure(f"look for {path} in {self.cell.workspace}", outcome)
        return outcome.status == 0

    async def _start(
        self, words: Sequence[str], more: Mapping[str, str], reach: Reach = NONE
    ) -> Outcome:
        running = await self.cell.start(words, {**self._environment, **more}, reach)
        return await collect(running, total=_TOTAL, limit=_LIMIT)

    async def commit_id(self, revision: str) -> str:
        """Return the full name of a commit; raise GitFailed if there is none."""
        name = (await self("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")).strip()
        if not OBJECT.fullmatch(name):
            raise GitFailed(f"cannot read {revision}: git said {name[:_SAID]!r}")
        return name


def shown(path: str) -> str:
    """Make a path that `records` returned text that can be shown and sent."""
    return decode(os.fsencode(path))


def decode(data: bytes) -> str:
    """Make what git printed text that can be shown and sent; its paths may be any bytes."""
    return data.decode(errors="backslashreplace")


def failure(what: str, outcome: Outcome) -> GitFailed | TooSlow:
    """Return what to raise of a program that was to do this in a workspace: `cannot WHAT: why`."""
    return _kind(outcome)(f"cannot {what}: {why(outcome)}")


def _kind(outcome: Outcome) -> type[GitFailed | TooSlow]:
    if isinstance(outcome, TimedOut):
        return TooSlow
    said = decode(outcome.err).splitlines() if isinstance(outcome, Exited) else []
    if any(line.endswith(_ENDS) or line.startswith(_BEGINS) for line in said):
        return NoRoom
    return GitFailed
