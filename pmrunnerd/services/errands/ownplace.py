"""Says how somebody who may use sudo has a workspace in the place that is the runs' own.

There everything is `pm-agent`'s: whoever adds a project may read it, and make or change nothing.
"""

import re
import shlex
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from pmrunnerd.model.errand import Inspected
from pmrunnerd.services import workspace

# A word of the shell, with what of it is quoted.
_WORD: Final = re.compile(r"""((?:'[^']*'|"[^"]*"|[^\s'"])+)""")


def told(found: Inspected, place: Path, *, me: str, uid: int) -> Inspected:
    """Return what was found, with commands that can be pasted as they are; of other places, as it was found."""
    path = Path(found.path)
    if place not in path.parents:
        return found
    if found.missing:
        return replace(found, hint=_made(path, me))
    try:
        owner = path.stat().st_uid
    except OSError:  # a circle of links, or one that we may not enter: it says so
        return found
    return replace(found, hint=_by(me, found.hint)) if owner == uid else _taken(found, path, me)


def _made(path: Path, me: str) -> str:
    ways = (
        f"{_by(me, workspace.begin(path))}   # a new one",
        f"sudo -u {me} git clone URL {shlex.quote(str(path))}   # one that is elsewhere",
        f"ls {shlex.quote(str(path.parent))}   # those that are here",
    )
    return "\n".join(ways)


def _taken(found: Inspected, path: Path, me: str) -> Inspected:
    """Have the runs' user get what root made in its place; what is a person's that person begins.

    In the walls of a run every owner but ourselves is nobody, so whose it is the shell finds out.
    """
    if not found.hint.startswith("git ") or "git clone" in found.hint:
        return found
    quoted = shlex.quote(str(path))
    # No link is followed that the runs' user may have put there meanwhile.
    take = f"sudo chown -Rh --from=root {me}: {quoted}"
    owner = f"$(stat -c %U {quoted})"
    return replace(found, hint=f"{take} && {_by(owner, found.hint)}")


def _by(user: str, commands: str) -> str:
    """Have each git of a line run by a user; what is quoted is no command."""
    words = _WORD.split(commands)
    for at in range(1, len(words), 2):
        if words[at] == "git" and (at == 1 or words[at - 2] == "&&"):
            words[at] = f"sudo -u {user} git"
    return "".join(words)
