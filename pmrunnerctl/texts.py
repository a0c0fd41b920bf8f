"""A text as somebody gives it: words of the command line, or standard input."""

import sys
from collections.abc import Sequence
from typing import Final

from pmrunnerctl.exits import misused

# As hints spell them; whoever means the word can pipe it.
_PLACEHOLDERS: Final = frozenset({"TEXT", "REASON"})


def joined(words: Sequence[str], what: str) -> str:
    """Return words as a text; `-` alone is standard input.

    Refuses an empty one, and the word that hints have in its place.
    """
    if len(words) == 1 and words[0] in _PLACEHOLDERS:
        raise misused(
            f"cannot send the {what}: {words[0]} stands for what you want to say",
            hint=f"give the {what} in its place, or - to read it from a pipe",
        )
    text = _standard_input(what) if list(words) == ["-"] else " ".join(words)
    if not text.strip():
        raise misused(
            f"cannot send the {what}: it is empty",
            hint=f"give the {what}, or - to read it from a pipe",
        )
    return text


def _standard_input(what: str) -> str:
    stdin = sys.stdin.buffer
    try:
        if stdin.isatty():
            print(f"type the {what}; Ctrl-D on an empty line ends it", file=sys.stderr)
        return stdin.read().decode()
    except UnicodeDecodeError as exc:
        raise misused(
            f"cannot send the {what}: standard input is not UTF-8 ({exc.reason})"
        ) from None
