"""What people are shown of a release: what it is, what is proved of it, and where it lies."""

from enum import StrEnum
from typing import Final

from pmrunnerd.model.views import View


class Holding(StrEnum):
    """What came of a link; the last one is that nothing was there to look at."""

    HOLDS = "holds"
    FAILS = "does-not-hold"
    ABSENT = "absent"


class Link(View, frozen=True, kw_only=True):
    """One link of the chain from a commit to what runs."""

    name: str
    holding: Holding
    why: str


class Outcome(StrEnum):
    """What a proof comes to. Unsigned is no fault found: nobody signed for it."""

    PROVED = "proved"
    UNSIGNED = "unsigned"
    REFUTED = "refuted"


class Proof(View, frozen=True, kw_only=True):
    """All links of one release, and what they come to."""

    release: str
    environment: str
    outcome: Outcome
    links: tuple[Link, ...]


# Beside `lib` in the directory of a release: what two builds agree on, what they differ in, and what is
# listed of `lib`, whose digest is that of the release.
RELEASE: Final = "release.json"
BUILT: Final = "built.json"
MANIFEST: Final = "manifest"
# The directory that is put beside them once somebody signed, and what is in there.
PAPERS: Final = "proof"
STATEMENT: Final = "statement.json"
SIGNATURE: Final = "statement.json.sig"
EVIDENCE: Final = "evidence.md"
GATES: Final = "gates.json"


class Release(View, frozen=True, kw_only=True):
    """What `release.json` says: of which source, for which Python, which tree."""

    format: int
    id: str
    version: str
    source: str
    python: str
    soabi: str
    tree: str
    files: int
    bytes: int
    lock: str = ""
    level: int = 0


class ReleaseRow(View, frozen=True, kw_only=True):
    """A release that an environment has: what it says of itself, and who uses it.

    `built` is who built it, and when; `signed` that somebody signed for it, which is for `prove` to look at.
    """

    id: str
    version: str
    source: str
    python: str
    soabi: str
    tree: str
    level: int
    built_by: str
    built_at: str
    is_dist: bool
    is_previous: bool
    is_signed: bool
    processes: tuple[int, ...] = ()
    trouble: str = ""


class Releases(View, frozen=True, kw_only=True):
    """The releases of an environment, the oldest first."""

    environment: str
    releases: tuple[ReleaseRow, ...]


class Kept(View, frozen=True, kw_only=True):
    """A release that stays, and why; or, without a reason, one that goes."""

    id: str
    why: str


class Pruned(View, frozen=True, kw_only=True):
    """What became of the releases of an environment; nothing, unless `changed`."""

    environment: str
    changed: bool
    releases: tuple[Kept, ...]
