"""What people are shown of a state as it lies on the disk: checked, mended, archived."""

from pmrunnerd.model.views import View


class Finding(View, frozen=True, kw_only=True):
    """Something that is wrong: where, from line 1, and why. `said` is what can still be read."""

    file: str
    line: int
    why: str
    said: tuple[str, ...] = ()


class Verified(View, frozen=True, kw_only=True):
    """What a journal was found to be. `torn` is bytes at its end that a crash left: no damage."""

    sound: bool
    commits: int
    segments: int
    bytes: int
    torn: int
    findings: tuple[Finding, ...]


class Repaired(View, frozen=True, kw_only=True):
    """What a repair did, or would do: `lost` commits of `commits` became placeholders.

    `kept` is the directory that holds everything as it was.
    """

    changed: bool
    commits: int
    lost: int
    kept: str
    findings: tuple[Finding, ...]


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
    """The manifest of an archive: its last member, and what a backup replies.

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


class Restored(View, frozen=True, kw_only=True):
    """What took the place of a state: an archive's `commits` and files, and where it is from.

    `kept` is the directory that holds the state before it.
    """

    commits: int
    files: int
    bytes: int
    environment: str
    release: str
    at: str
    kept: str
