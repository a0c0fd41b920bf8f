"""A bare repository of our own that has a workspace's objects, and nothing else of the workspace.

Git runs in a cell where of the machine nothing is seen but the workspace, which cannot be written,
and this repository: configuration, attributes, hooks, references, grafts and replacements are ours.
"""

import contextlib
import signal
import tempfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Final

from pmrunnerd.services import cells, leftovers, process
from pmrunnerd.services.cell import Cell, Reach
from pmrunnerd.services.git import BASH, GitFailed, decode, failure
from pmrunnerd.services.leftovers import VARIABLE
from pmrunnerd.services.outcome import Exited, Killed, Outcome, collect
from pmrunnerd.services.source.sound import objects_of

_TOTAL: Final = 600.0
_SAID: Final = 1 << 20
_SHA1: Final = 40
_GIT: Final = ("git", "--no-pager", "--no-replace-objects", "--literal-pathspecs")
_SHELL: Final = 128
_MORE: Final = "there is more than is taken of any"
# What a commit graph or an index of many packs says of objects was written by whoever wrote those.
# What is larger than bigFileThreshold goes through in pieces.
_CONFIG: Final = """\
[core]
\trepositoryFormatVersion = 1
\tbare = true
\tcommitGraph = false
\tmultiPackIndex = false
\tbigFileThreshold = 8m
\tattributesFile = /dev/null
\thooksPath = /dev/null
[extensions]
\tobjectFormat = {}
[protocol]
\tallow = never
"""


class TooMany(GitFailed):
    """More came of a repository than is taken of any."""


class Bare:
    """Runs git on a workspace's objects."""

    def __init__(self, cell: Cell, directory: Path, name: str) -> None:
        self._cell, self._directory = cell, directory
        self._environment = {
            "PATH": process.PATH,
            "HOME": "/nonexistent",
            "LANG": "C.UTF-8",
            "GIT_DIR": str(directory),
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_NO_LAZY_FETCH": "1",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_TERMINAL_PROMPT": "0",
            VARIABLE: name,
        }

    async def said(self, *arguments: str) -> str:
        """Run one git command and return what it printed; raise GitFailed unless it exits 0."""
        outcome = await self._start((*_GIT, *arguments), {}, Reach(shown=(self._directory,)))
        return decode(self._good(outcome))

    async def send(self, script: str, to: int, *, most: int, **more: str) -> None:
        """Run a script of bash, to which `"$@"` is git, with its output in a file of ours.

        `more` are variables of it; `most` is how many bytes the file may come to have. Raises
        GitFailed unless all of it exits 0.
        """
        limited = f"ulimit -f {most >> 10}; exec >&{to}; {script}"
        reach = Reach(shown=(self._directory,), lent=(to,))
        self._good(await self._start((*BASH, limited, "bash", *_GIT), more, reach))

    async def _start(self, words: Sequence[str], more: dict[str, str], reach: Reach) -> Outcome:
        running = await self._cell.start(words, {**self._environment, **more}, reach)
        return await collect(running, total=_TOTAL, limit=_SAID)

    def _good(self, outcome: Outcome) -> bytes:
        if isinstance(outcome, Exited) and outcome.status == 0:
            return outcome.out
        what = f"read commits of {self._cell.workspace}"
        match outcome:
            # As the kernel ends who writes beyond a limit, and as a shell tells of what it started.
            case Killed(number) if number == signal.SIGXFSZ:
                raise TooMany(f"cannot {what}: {_MORE}")
            case Exited(status) if status == _SHELL + signal.SIGXFSZ:
                raise TooMany(f"cannot {what}: {_MORE}")
        raise failure(what, outcome)


@contextlib.asynccontextmanager
async def opened(
    workspace: Path, width: int, *, hidden: Sequence[Path], unconfined: bool
) -> AsyncIterator[Bare]:
    """Have a repository over the objects of a workspace, whose ids have so many characters.

    Raises Refused, NotFound, CannotConfine, OSError.
    """
    objects = objects_of(workspace)
    name = leftovers.errand("source")
    with tempfile.TemporaryDirectory(prefix="pm-runner-source-") as made:
        lay_out(Path(made), objects, width)
        cell = await cells.make(
            workspace, name, agent=None, hidden=hidden, unconfined=unconfined, writable=False
        )
        yield Bare(cell, Path(made), name)


def lay_out(directory: Path, objects: Path, width: int) -> None:
    """Write a repository that has nothing of its own. Raises OSError."""
    (directory / "objects/info").mkdir(parents=True)
    (directory / "refs/heads").mkdir(parents=True)
    (directory / "HEAD").write_text("ref: refs/heads/none\n")
    (directory / "config").write_text(_CONFIG.format("sha1" if width == _SHA1 else "sha256"))
    (directory / "objects/info/alternates").write_bytes(_quoted(objects) + b"\n")


def _quoted(path: Path) -> bytes:
    """Return a path as git reads it on one line, whatever is in it."""
    said = bytearray()
    for byte in bytes(path):
        plain = 0x20 <= byte < 0x7F and byte not in b'"\\'  # noqa: PLR2004 - what can be printed
        said += bytes([byte]) if plain else b"\\%03o" % byte
    return b'"%s"' % said
