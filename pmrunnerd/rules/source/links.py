"""Where the links of a source lead, without a disk: none may lead out of it."""

from collections.abc import Mapping
from typing import Final

# As many as the kernel goes through for one path.
_MOST: Final = 40
_LONGEST: Final = 4095


def unfit(target: bytes) -> str:
    """Return what speaks against a link with this target wherever it stands; nothing if it is fit."""
    if not target:
        return "it is a link to nothing"
    if b"\0" in target or len(target) > _LONGEST:
        return "no link can have its target"
    if target.startswith(b"/"):
        return "it is a link to an absolute path"
    try:
        target.decode()
    except UnicodeDecodeError:
        return "its target is not UTF-8"
    return ""


def leads_out(links: Mapping[str, str]) -> dict[str, str]:
    """Return those links that lead out of the source, each with the reason.

    `links` are all that there are, by path, with their targets. What a link goes through may be
    missing: a later step could put something there.
    """
    found = {}
    for path in links:
        if why := _why(path, links):
            found[path] = why
    return found


def _why(path: str, links: Mapping[str, str]) -> str:
    *place, last = path.split("/")
    ahead, followed = [last], 0
    while ahead:
        step = ahead.pop()
        if step in ("", "."):
            continue
        if step == "..":
            if not place:
                return "it is a link out of the source"
            place.pop()
            continue
        place.append(step)
        target = links.get("/".join(place))
        if target is None:
            continue
        followed += 1
        if followed > _MOST:
            return f"it is a link in a circle, or through more than {_MOST} others"
        if target.startswith("/"):
            return "it is a link to an absolute path"
        place.pop()
        ahead += reversed(target.split("/"))
    return ""
