"""Whether all of a workspace is committed: what git says of it, and what it was told not to say. Changes nothing.

A commit is promoted, and never a working tree; what lies beside the commit may be what somebody thinks is in it.
"""

from typing import Final

from pmrunnerd.model.errand import Audited
from pmrunnerd.model.errors import PmError
from pmrunnerd.rules.promotion import porcelain
from pmrunnerd.services import flags, status, substatus
from pmrunnerd.services.git import Git, shown

# What a workspace's own configuration could have git overlook.
_ALL: Final = (
    *("-c", "core.excludesFile=/dev/null", "-c", "core.fileMode=true", "-c", "core.symlinks=true"),
    *("-c", "core.checkStat=default", "-c", "core.trustctime=true", "-c", "core.ignoreStat=false"),
    *("status", "--porcelain=v2", "--branch", "-z", "--no-renames", "--no-show-stash"),
    # What is changed in a submodule is asked of itself.
    *("--untracked-files=all", "--ignore-submodules=dirty"),
)
_MOST: Final = 200


async def audit(git: Git) -> Audited:
    """Look at a workspace. What keeps us from looking is in the answer: nothing is clean that was not seen."""
    try:
        return await _look(git)
    except (PmError, OSError) as exc:
        return Audited(unknown=(str(exc),))
    except porcelain.NotUnderstood as exc:
        return Audited(unknown=(f"git status says what is not understood here: {exc}",))


async def _look(git: Git) -> Audited:
    half_done = status.operation(git.cell.workspace)
    said = porcelain.read(await git(*_ALL))
    inside = await substatus.look(git)
    shallow = (await git("rev-parse", "--is-shallow-repository")).strip()
    own = tuple(map(shown, await flags.hidden(git)))
    files = (*said.files, *(path for one in inside for path in one.files))
    hidden = (*own, *(path for one in inside for path in one.hidden))
    unread = [shown(one.submodule.path) for one in inside if not _is_known(one)]
    return Audited(
        branch=said.branch,
        head=said.head,
        files=files[:_MOST],
        hidden=hidden[:_MOST],
        half_done=half_done,
        # Anything but a plain no is no answer.
        shallow=shallow != "false",
        unknown=tuple(f"submodule {path} cannot be looked at" for path in unread[:_MOST]),
    )


def _is_known(one: substatus.Standing) -> bool:
    return one.submodule.is_guarded and one.readable
