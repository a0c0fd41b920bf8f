"""Which names of entries a source may have."""

from typing import Final

_LONGEST: Final = 255
_TAKEN: Final = {
    b".": "it names its own directory",
    b"..": "it names the directory above",
    b".git": "git would take it for a repository",
}


def refusal(name: bytes) -> str:
    """Return what speaks against a name in a directory; nothing where it is one.

    Any character may be in it, a line feed too, as long as the bytes are UTF-8: what cannot be
    written in JSON cannot be named in a release, a gate's result or a page.
    """
    if not name:
        return "it has no name"
    if b"/" in name or b"\0" in name:
        return "a slash or a NUL is in its name"
    # In each spelling: what is taken from here may come to lie where case is not told apart.
    if why := _TAKEN.get(name.lower()):
        return why
    if len(name) > _LONGEST:
        return f"its name is longer than {_LONGEST} bytes"
    try:
        name.decode()
    except UnicodeDecodeError:
        return "its name is not UTF-8"
    return ""


def shown(name: bytes) -> str:
    """Return a name as text on one line, whatever its bytes are."""
    text = name.decode(errors="backslashreplace")
    return text if text.isprintable() else text.encode("unicode_escape").decode()
