"""What was found of a release before anybody judges it: bytes, and what they are worth."""

import msgspec
from msgspec import Struct

from pmrunnerd.model.proof import Release
from pmrunnerd.rules.proof.manifest import Entry

# What is there; None where it is absent; a text where it could not be read, and that is why.
Paper = bytes | str | None


class Papers(Struct, frozen=True, kw_only=True):
    """What lies beside `lib` of a release, or in a bundle."""

    release: Paper = None
    manifest: Paper = None
    statement: Paper = None
    signature: Paper = None
    evidence: Paper = None
    gates: Paper = None


class Signed(Struct, frozen=True, kw_only=True):
    """What ssh-keygen says of a signature: by whose key, or why it does not hold."""

    key: str = ""
    why: str = ""


class Standing(Struct, frozen=True, kw_only=True):
    """How a release stands on this machine: what is below `lib`, who could change it, what runs.

    `writable` are paths that others than their owner can change; `dist` is what the environment points to;
    `running` are other releases of this environment, by the processes that still run them.
    """

    files: dict[str, Entry]
    writable: tuple[str, ...] = ()
    dist: str = ""
    running: tuple[str, ...] = ()


class Found(Struct, frozen=True, kw_only=True):
    """All that is known of one release; without a `standing` it is somewhere else.

    `package` is the digest of the source that the package of this machine brings, if there is one.
    """

    name: str
    environment: str
    papers: Papers
    standing: Standing | None = None
    signed: Signed | None = None
    package: str = ""

    @property
    def facts(self) -> Release | None:
        """What release.json says; None where it is not one."""
        if not isinstance(self.papers.release, bytes):
            return None
        try:
            return msgspec.json.decode(self.papers.release, type=Release)
        except (msgspec.DecodeError, RecursionError):
            return None
