"""What a signature of ssh-keygen says of itself: whose key, and what for.

It is read to be told in words, and believed of nobody: whether it holds, ssh-keygen says.
"""

import base64
import binascii
import hashlib
import struct
from typing import Final

from msgspec import Struct

LARGEST: Final = 64 << 10
_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
_MAGIC: Final = b"SSHSIG"
_VERSION: Final = 1


class BadSignature(ValueError):
    """It is no signature of ssh-keygen; the text says why."""


class Said(Struct, frozen=True):
    """The fingerprint of a key, as ssh-keygen prints it, and the namespace."""

    key: str
    namespace: str


def read(data: bytes) -> Said:
    """Read what a signature says. Raises BadSignature."""
    if len(data) > LARGEST:
        raise BadSignature(f"it has more than {LARGEST >> 10} KiB")
    try:
        lines = [line.strip() for line in data.decode("ascii").strip().splitlines()]
    except UnicodeDecodeError:
        raise BadSignature("it is no text") from None
    if len(lines) < 2 or (lines[0], lines[-1]) != (_BEGIN, _END):  # noqa: PLR2004 - first and last
        raise BadSignature(f"it does not stand between {_BEGIN} and {_END}")
    try:
        blob = base64.b64decode("".join(lines[1:-1]), validate=True)
    except binascii.Error:
        raise BadSignature("what stands in it is no base64") from None
    if not blob.startswith(_MAGIC):
        raise BadSignature("it does not begin as one")
    try:
        (version,) = struct.unpack_from(">I", blob, len(_MAGIC))
        key, after = _field(blob, len(_MAGIC) + 4)
        namespace, _ = _field(blob, after)
    except struct.error:
        raise BadSignature("it is cut short") from None
    if version != _VERSION:
        raise BadSignature(f"it is of version {version}, which nobody here knows")
    printed = base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")
    return Said(f"SHA256:{printed}", namespace.decode(errors="backslashreplace"))


def _field(blob: bytes, at: int) -> tuple[bytes, int]:
    """Return a field and where the next one begins. Raises struct.error where it is cut."""
    (size,) = struct.unpack_from(">I", blob, at)
    begin, end = at + 4, at + 4 + size
    if end > len(blob):
        raise struct.error
    return blob[begin:end], end
