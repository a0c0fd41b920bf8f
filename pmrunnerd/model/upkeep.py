"""What people are shown of a state as it lies on the disk: checked, mended, archived, pruned."""

from typing import Final

from pmrunnerd.model.views import View

EXCLUDED_SHOWN: Final = 1000


class Finding(View, frozen=True, kw_only=True):
    """Something that is wrong: where, from line 1, and why. `said` is what can still be read."""

    file: str
    line: int
    why: str
    said: tuple[str, ...] = ()


class Verified(View, frozen=True, kw_only=True):
    """What a state was found to be. `torn` is bytes at the journal's end that a crash left: no damage.

    `findings` is what is wrong with the journal. `caches` is what of snapshot and history is not as
    it says; nothing is lost by that. `sound` is a state with neither.
    `retracted` tells that the snapshot was taken away for it, so the next start makes both anew.
    """

    sound: bool
    commits: int
    segments: int
    bytes: int
    torn: int
    findings: tuple[Finding, ...]
    caches: tuple[Finding, ...] = ()
    retracted: bool = False


class Held(View, frozen=True, kw_only=True):
    """A task, or a message, that may have been done already: what became of it is lost."""

    id: str
    alias: str
    text: str


class Repaired(View, frozen=True, kw_only=True):
    """What a repair did, or would do: `lost` commits of `commits` became placeholders.

    `kept` is the directory that holds everything as it was. What is `held` was waiting when a
    commit was lost that may have told of it; it is not begun again unless a person asks for it.
    """

    changed: bool
    commits: int
    lost: int
    kept: str
    findings: tuple[Finding, ...]
    held: tuple[Held, ...] = ()


class Member(View, frozen=True, kw_only=True):
    """A file of an archive."""

    name: str
    size: int
    sha256: str


class Excluded(View, frozen=True, kw_only=True):
    """What lies in a state directory and is not in its archive."""

    name: str
    why: str


class Archived(View, frozen=True, kw_only=True):
    """The manifest of an archive: its last member.

    `environment` is empty where nobody could tell; `level` is the level of facts that its release
    wrote.
    """

    format: int
    level: int = 1
    environment: str = ""
    release: str
    at: str
    bytes: int
    members: tuple[Member, ...]
    excluded: tuple[Excluded, ...]


class BackedUp(View, frozen=True, kw_only=True):
    """What a backup replies: what is in the archive, and what is not (some, where it is much)."""

    environment: str
    release: str
    at: str
    files: int
    bytes: int
    excluded: tuple[Excluded, ...]

    @classmethod
    def of(cls, found: Archived) -> "BackedUp":
        """Sum up a manifest."""
        return cls(
            environment=found.environment,
            release=found.release,
            at=found.at,
            files=len(found.members),
            bytes=found.bytes,
            excluded=found.excluded[:EXCLUDED_SHOWN],
        )


class Piece(View, frozen=True, kw_only=True):
    """Part of an archive on its way; the last one says what was backed up.

    `cursor` is the bytes up to its end.
    """

    cursor: int
    data: bytes = b""
    backed_up: BackedUp | None = None


class Uploaded(View, frozen=True, kw_only=True):
    """How many bytes of an archive are here."""

    size: int


class Contents(View, frozen=True, kw_only=True):
    """What an archive was found to hold, where it is from, and when it was made."""

    commits: int
    files: int
    bytes: int
    environment: str
    release: str
    at: str


class Restored(Contents, frozen=True, kw_only=True):
    """What took the place of a state.

    `kept` is the directory that holds the state before it; empty where there was none.
    """

    kept: str


class PruneRow(View, frozen=True, kw_only=True):
    """A run whose files may go, or went: bytes, seconds since they last changed, and why.

    `refs` are the references of its workspace that were recorded. All else that is kept of the run
    there goes with them, as `<run>-2`; how much that is, nobody measures.
    """

    run: str
    alias: str
    size: int
    age: float
    reason: str
    refs: tuple[str, ...] = ()


class GateLeft(View, frozen=True, kw_only=True):
    """Something that gate runs left, and that may go, or went: a log, a tree, or what was prepared."""

    part: str
    name: str
    size: int
    reason: str


class GatesLeft(View, frozen=True, kw_only=True):
    """What gate runs left: the parts that may go, or went, bytes of these, and of what stays; `left` as of runs."""

    parts: tuple[GateLeft, ...] = ()
    freed: int = 0
    kept: int = 0
    left: tuple[str, ...] = ()


class PruneTable(View, frozen=True, kw_only=True):
    """Runs whose files may go, or went, oldest first, and what of all runs stays.

    `freed` and `kept` are bytes, `limit` the most that may be kept. `left` says in words what could
    not be deleted yet, and stays until it can. `gates` is what gate runs left.
    """

    runs: tuple[PruneRow, ...]
    freed: int
    kept: int
    limit: int
    left: tuple[str, ...] = ()
    gates: GatesLeft = GatesLeft()


class Reloaded(View, frozen=True, kw_only=True):
    """Settings, by key, that are `used` from now on as they are configured, and that need a `restart`."""

    used: tuple[str, ...]
    restart: tuple[str, ...] = ()
