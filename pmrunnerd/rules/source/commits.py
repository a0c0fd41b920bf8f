"""What a commit says of itself, as git writes it."""

import contextlib
import re
from typing import Final, NamedTuple

from pmrunnerd.rules.source.trees import Malformed

# In this order and nowhere else: git, too, takes nothing of it elsewhere.
_HEAD: Final = re.compile(
    rb"tree (?P<tree>[0-9a-f]{40}|[0-9a-f]{64})\n"
    rb"(?P<parents>(?:parent (?:[0-9a-f]{40}|[0-9a-f]{64})\n)*)"
    rb"(?:author (?P<author>[^\n]*?)(?: -?[0-9]+ [+-][0-9]+)?(?:\n|$))?"
)
_ENCODING: Final = re.compile(rb"^encoding ([^\n]+)$", re.MULTILINE)

_ENCODINGS: Final = {
    name.encode(): name
    for name in "iso-8859-1 iso-8859-15 latin-1 cp1251 cp1252 windows-1251 windows-1252 koi8-r"
    " euc-jp shift_jis gb18030 gbk euc-kr big5".split()
}


class Commit(NamedTuple):
    """Its tree, the commits that it follows, its author, and the first line of what it says."""

    tree: str
    parents: tuple[str, ...]
    author: str
    subject: str


def parse(commit: bytes) -> Commit:
    """Return what a commit says. Raises Malformed."""
    known = _HEAD.match(commit)
    if known is None:
        raise Malformed("it does not say which tree it is")
    head, _, message = commit.partition(b"\n\n")
    named = _ENCODING.search(head)
    encoding = named[1] if named else b"utf-8"
    lines = _text(message, encoding).strip().split("\n")
    return Commit(
        known["tree"].decode(),
        tuple(known["parents"].decode().replace("parent ", "").split()),
        _text(known["author"] or b"", encoding),
        lines[0].strip(),
    )


def _text(data: bytes, encoding: bytes) -> str:
    # Whoever made the commit names the encoding, and some that Python knows take long, or are none.
    with contextlib.suppress(UnicodeError):
        return data.decode(_ENCODINGS.get(encoding.lower(), "utf-8"))
    return data.decode(errors="backslashreplace")
