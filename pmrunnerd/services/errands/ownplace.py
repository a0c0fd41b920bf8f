"""Says how somebody who may use sudo has a workspace in the place that is the runs' own.

There everything is `pm-agent`'s: whoever adds a project may read it, and make or change nothing.
"""

import shlex
from pathlib import Path

from msgspec.structs import replace

from pmrunnerd.model.errand import Inspected
from pmrunnerd.services import workspace

_ROOT = 0


def told(found: Inspected, place: Path, *, me: str, uid: int) -> Inspected:
    """Return what was found, with commands that can be pasted as they are; of other places, as it was found."""
    path = Path(found.path)
    if place not in path.parents:
        return found
    if found.missing:
        return replace(found, hint=_made(path, me))
    owner = path.stat().st_uid
    if owner == uid:
        return replace(found, hint=_by(me, found.hint))
    return _taken(found, path, me) if owner == _ROOT and path.is_dir() else found


def _made(path: Path, me: str) -> str:
    ways = (
        f"{_by(me, workspace.begin(path))}   # a new one",
        f"sudo -u {me} git clone URL {shlex.quote(str(path))}   # one that is elsewhere",
        f"ls {shlex.quote(str(path.parent))}   # those that are here",
    )
    return "\n".join(ways)


def _taken(found: Inspected, path: Path, me: str) -> Inspected:
    """Have the runs' user get what root made in its place."""
    take = f"sudo chown -R {me}: {shlex.quote(str(path))}"
    if (path / ".git").is_dir():
        problem = f"a run works as {me}, which may not write {path}"
        return replace(found, problem=problem, hint=take)
    if not found.hint.startswith("git "):
        return found
    return replace(found, hint=f"{take} && {_by(me, found.hint)}")


def _by(user: str, commands: str) -> str:
    """Have each git of a line run by a user."""
    words = commands.split(" && ")
    return " && ".join(f"sudo -u {user} {one}" if one.startswith("git ") else one for one in words)
