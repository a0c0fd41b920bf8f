"""What `git status --porcelain=v2 --branch -z --no-renames` says, read strictly: what is not understood is no clean tree."""

import re
from typing import Final

from msgspec import Struct

_ID: Final = "(?:[0-9a-f]{64}|[0-9a-f]{40})"
_STATE: Final = r"[.MTADRCU]{2} (?:N\.\.\.|S[.C][.M][.U])"
_CHANGED: Final = re.compile(
    rf"1 {_STATE}(?: [0-7]{{6}}){{3}}(?: {_ID}){{2}} (?P<path>.+)", re.DOTALL
)
_UNMERGED: Final = re.compile(
    rf"u {_STATE}(?: [0-7]{{6}}){{4}}(?: {_ID}){{3}} (?P<path>.+)", re.DOTALL
)
_UNTRACKED: Final = re.compile(r"\? (?P<path>.+)", re.DOTALL)
_HEADER: Final = re.compile(r"# (?P<name>\S+) (?P<value>.*)", re.DOTALL)
_SHOWN: Final = 120


class NotUnderstood(ValueError):
    """Git says what this does not know; the text is what."""


class Said(Struct, frozen=True, kw_only=True):
    """A branch, empty where HEAD is none; a commit, empty where there is none yet; what is not committed."""

    branch: str
    head: str
    files: tuple[str, ...]


def read(text: str) -> Said:
    """Read all of it. Raises NotUnderstood."""
    if not text.endswith("\0"):
        raise NotUnderstood("it ends in the middle")
    headers: dict[str, str] = {}
    files = []
    for record in text[:-1].split("\0"):
        if header := _HEADER.fullmatch(record):
            if header["name"] in headers:
                raise NotUnderstood(f"{header['name']} twice")
            headers[header["name"]] = header["value"]
        elif found := (
            _CHANGED.fullmatch(record)
            or _UNMERGED.fullmatch(record)
            or _UNTRACKED.fullmatch(record)
        ):
            files.append(found["path"])
        else:
            raise NotUnderstood(repr(record[:_SHOWN]))
    try:
        head, branch = headers["branch.oid"], headers["branch.head"]
    except KeyError as exc:
        raise NotUnderstood(f"no {exc.args[0]}") from exc
    if head == "(initial)":
        head = ""
    elif not re.fullmatch(_ID, head):
        raise NotUnderstood(f"branch.oid {head[:_SHOWN]!r}")
    return Said(branch="" if branch == "(detached)" else branch, head=head, files=tuple(files))
