"""The source digest: names, kinds and content of a source, in one number.

The same as `packaging/contents.py` has for the same files; a test holds them against each other.
"""

import hashlib

from pmrunnerd.model.source import Kind


class Digest:
    """Gathers entries in any order; what they come to depends on none."""

    def __init__(self) -> None:
        self._lines: list[tuple[str, bytes]] = []
        self.bytes = 0

    def add(self, path: str, kind: Kind, content: str, size: int) -> None:
        """Count an entry in; `content` is the SHA-256 of a file's bytes, or of a link's target."""
        self._lines.append((path, b"%s %s %s\0" % (kind.encode(), content.encode(), path.encode())))
        self.bytes += size

    @property
    def files(self) -> int:
        """How many entries there are."""
        return len(self._lines)

    def value(self) -> str:
        """Return the digest of all that was counted in."""
        whole = hashlib.sha256()
        for _, line in sorted(self._lines):
            whole.update(line)
        return whole.hexdigest()
