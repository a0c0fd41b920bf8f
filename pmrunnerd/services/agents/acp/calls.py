"""What a call of a tool says of itself, as the protocol has it. Pure."""

import json
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from typing import Any

from pmrunnerd.model.progress import Changed, Used
from pmrunnerd.services.agents.targets import short, target

# Kinds that the protocol has no word for.
_NAMELESS = frozenset({"", "other"})
# What a call says for people, and is nothing that it is used on.
_PROSE = frozenset({"description"})
# Lines of a file beyond which nobody finds out which of them stayed.
_MANY = 5000


def tool(call: Mapping[str, Any]) -> str:
    """Return which tool is used: its kind, or else what the call is titled, as one word."""
    kind = str(call.get("kind") or "")
    # One word, for a question of a person separates the tool from what it is used on by a space.
    named = str(call.get("title") or "tool") if kind in _NAMELESS else kind
    return short("-".join(named.split()))


def subject(call: Mapping[str, Any]) -> str:
    """Return on what a tool is used, as far as one line says it."""
    given = call.get("rawInput")
    named = target(given) if isinstance(given, Mapping) else ""
    return named or ", ".join(paths(call)) or short(str(call.get("title") or ""))


def whole(call: Mapping[str, Any]) -> str:
    """Return all on which a tool is used: what is beside one word for it could hide behind that."""
    given = call.get("rawInput")
    known = given if isinstance(given, Mapping) else {}
    rest = [value for name, value in known.items() if name not in _PROSE]
    if len(rest) == 1 and isinstance(rest[0], str):
        return rest[0]
    if rest:
        return json.dumps(dict(known), sort_keys=True)
    return ", ".join(paths(call)) or str(call.get("title") or "")


def address(call: Mapping[str, Any]) -> str:
    """Return the web address that a call names; empty for none."""
    given = call.get("rawInput")
    return str(given.get("url") or "") if isinstance(given, Mapping) else ""


def paths(call: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the files that a call names: where it says that it is at work, and what it changes."""
    named = [*_items(call, "locations"), *_diffs(call)]
    return tuple(dict.fromkeys(str(one["path"]) for one in named if one.get("path")))


def written(call: Mapping[str, Any]) -> str:
    """Return what a call would write, one file after the other; empty where it does not say."""
    return "\n".join(str(diff.get("newText") or "") for diff in _diffs(call))


def used(call: Mapping[str, Any]) -> Used:
    """Return the report of a call that has ended."""
    texts = [
        str(content.get("text", ""))
        for item in _items(call, "content")
        if isinstance(content := item.get("content"), Mapping)
    ]
    gave = call.get("rawOutput")
    result = "\n".join(filter(None, texts)) or (gave if isinstance(gave, str) else "")
    return Used(
        at="",
        tool=tool(call),
        target=subject(call),
        result=short(result),
        failed=call.get("status") == "failed",
    )


def changed(call: Mapping[str, Any]) -> Iterator[Changed]:
    """Yield the files that a call which has ended changed."""
    if call.get("status") == "failed":
        return
    for diff in _diffs(call):
        old = str(diff.get("oldText") or "").splitlines()
        new = str(diff.get("newText") or "").splitlines()
        stayed = 0
        if len(old) + len(new) <= _MANY:
            blocks = SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
            stayed = sum(block.size for block in blocks)
        yield Changed(
            at="",
            path=short(str(diff.get("path", ""))),
            added=len(new) - stayed,
            removed=len(old) - stayed,
        )


def _diffs(call: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [item for item in _items(call, "content") if item.get("type") == "diff"]


def _items(call: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = call.get(name)
    return [o for o in found if isinstance(o, Mapping)] if isinstance(found, list) else []
