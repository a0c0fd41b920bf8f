"""What is said of a commit beside its gates: what it changed, and who made it.

Digests are SHA-256, in hexadecimal.
"""

from enum import StrEnum
from typing import Final

from msgspec import Struct

NAME: Final = "EVIDENCE.md"
LIMIT: Final = 1 << 20
"""Bytes of it that are read: some hundred sections. Older ones stay in the repository's history."""


class Lying(StrEnum):
    """What lies at the top of a repository under the name of `NAME`."""

    FILE = "file"
    MISSING = "missing"
    DIRECTORY = "directory"
    LINK = "link"
    SOMETHING = "something"
    TOO_LARGE = "too-large"


class Found(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What was found there; `data` only of a file of a size that somebody may read."""

    lying: Lying
    data: bytes = b""
    size: int = 0


class Area(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A part of a repository that a change touches: its files, lines gained and lost, `most` in one."""

    name: str
    files: int
    added: int
    removed: int
    most: str


class Touched(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A file that a change touches, and how many lines it gained and lost."""

    path: str
    added: int = 0
    removed: int = 0


class Made(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A commit of a change, and the task and the run that made it, where these are known."""

    commit: str
    subject: str
    task: str = ""
    run: str = ""


class Account(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What a repository itself can say of one content.

    `commits` are those that have it, the one that was asked about first; `base` is the commit that
    it is compared with, empty where all of it is new. `misplaced` are files that somebody may have
    taken for the one at the top.
    """

    source: str
    commits: tuple[str, ...]
    base: str = ""
    made: tuple[Made, ...] = ()
    changed: tuple[Area, ...] = ()
    misplaced: tuple[str, ...] = ()

    @property
    def commit(self) -> str:
        """The commit that was gated: whatever came later wrote evidence and nothing else."""
        return self.commits[-1]
