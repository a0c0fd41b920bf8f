"""What a commit holds, as it is taken out of a repository; and how two of them differ.

Digests are SHA-256, in hexadecimal; `id` is what git calls an object, by SHA-1 or SHA-256.
"""

from enum import StrEnum
from typing import Final

from msgspec import Struct

# At the top of a project. It tells of the source, and so is no part of it.
EVIDENCE: Final = "EVIDENCE.md"


class Kind(StrEnum):
    """What stands under a name; directories are no more than parts of names."""

    FILE = "file"
    PROGRAM = "program"
    LINK = "link"


class Bounds(Struct, frozen=True, kw_only=True):
    """The most of a source that is taken: files and links, bytes, and how deep they lie."""

    files: int = 500_000
    bytes: int = 8 << 30
    file: int = 2 << 30
    depth: int = 1000
    # The kernel takes 4,095; so much is left for the directory in which it comes to lie.
    path: int = 3800
    evidence: int = 1 << 20
    commits: int = 10_000


BOUNDS: Final = Bounds()


class Extracted(Struct, frozen=True, kw_only=True, rename="camel"):
    """A commit's source in a directory: its digest, how many files it has, how many bytes."""

    commit: str
    tree: str
    digest: str
    files: int
    bytes: int


class Change(StrEnum):
    """What became of a path. Another kind of entry under the same name is modified."""

    ADDED = "added"
    REMOVED = "removed"
    MODIFIED = "modified"


class Changed(Struct, frozen=True, kw_only=True, rename="camel"):
    """A path that is not the same in two commits, and how many lines it got and lost.

    Of what has no lines (not text, a submodule, another mode alone) nobody counts them: None, or 0.
    """

    path: str
    kind: Change
    added: int | None = None
    removed: int | None = None


class Subject(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a commit says of itself: the first line, and its author's name and address."""

    id: str
    subject: str
    author: str


class Wanted(StrEnum):
    """What of a repository is brought to whoever may not open it."""

    TREE = "tree"
    EVIDENCE = "evidence"
    CHANGES = "changes"
    SUBJECTS = "subjects"
