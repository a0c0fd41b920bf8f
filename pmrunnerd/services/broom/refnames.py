"""What git takes for the name of a reference, for an object's, and for a line that holds them."""

import re
from typing import Final

_ID: Final = re.compile(rb"[0-9a-f]{40}|[0-9a-f]{64}")
_NO_REF: Final = re.compile(rb"[\x00-\x20~^:?*\[\\\x7f]|\.\.|@\{|\.\Z")


def is_id(line: bytes) -> bool:
    return bool(_ID.fullmatch(line))


def is_reference(name: bytes) -> bool:
    """Tell whether git takes this for the full name of a reference, which leads out of nowhere."""
    first, *parts = name.split(b"/")
    return (
        (first == b"refs" and bool(parts) and _NO_REF.search(name) is None)
        and all(part and not part.startswith(b".") for part in parts)
        and not any(part.endswith(b".lock") for part in parts)
    )


def is_head(line: bytes) -> bool:
    """Tell whether a HEAD or another reference can be this."""
    name = line.removeprefix(b"ref:")
    return is_reference(name.strip()) if name != line else is_id(line)


def is_packed(line: bytes) -> bool:
    """Tell whether git finds sense in a line of its packed references."""
    id, space, name = line.partition(b" ")
    return line[:1] == b"#" or (
        is_id(id) and is_reference(name) if space else line[:1] == b"^" and is_id(line[1:])
    )
