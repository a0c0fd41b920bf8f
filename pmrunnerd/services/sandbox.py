"""The bubblewrap that stands around an agent: which arguments it is given, and whether it starts.

What is not listed here does not exist in there. Only the workspace can be written.
"""

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from pmrunnerd.model.errand import Confinement
from pmrunnerd.model.errors import Refused
from pmrunnerd.services import guard, mounts, process, syscalls
from pmrunnerd.services.cell import NONE, Reach
from pmrunnerd.services.outcome import Exited

AGENT: Final = "/run/pm-agent"
HOME: Final = f"{AGENT}/home"
SESSION: Final = f"{AGENT}/session"
# --cap-drop: made by root, it would keep the capabilities with which to undo what is read-only.
_WALLS: Final = (
    *("--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts"),
    *("--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv"),
)
# Whom root is in a sandbox that makes others: uid 0 may map nobody into those without a capability
# that would undo the walls. It is root's files that this one owns all the same.
_NOBODY: Final = ("--uid", "1000", "--gid", "1000")
# A workspace that is one of these, or above one, would be all of the machine.
_TAKEN: Final = ("/usr", "/etc", "/proc", "/dev", "/sys", "/tmp", "/run", "/boot", "/var", "/home")  # noqa: S108
_NEVER_INSIDE: Final = ("/proc", "/dev", "/sys", AGENT)
_ACCEPT: Final = "pmrunnerctl stop --keep-runs; pmrunnerctl start -- --unconfined"
_PROBE: Final = 10.0
_LIMIT: Final = 64 * 1024


class Sandbox(Struct, frozen=True, kw_only=True):
    """How to confine commands to one workspace.

    `agent` becomes AGENT, read-only but for the home in it; `hidden` must not be seen wherever it
    lies; `machine` is what `look` found; `guarded` is what `guard` found. Where not all of the
    workspace is `writable`, its `history` (`.git`) can be. `reach` is one command's alone.
    """

    bwrap: str
    machine: tuple[str, ...]
    workspace: Path
    writable: bool = True
    history: bool = False
    agent: Path | None = None
    guarded: tuple[guard.Guarded, ...] = ()
    reach: Reach = NONE

    def argv(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        variables: int | None = None,
        info: int | None = None,
        rules: int | None = None,
    ) -> list[str]:
        """Return the arguments that start a command, for all to read.

        `variables` is a file with more of its environment; `info` is told the first process inside; `rules` holds what `syscalls` forbids.
        """
        here, reach = str(self.workspace), self.reach
        return [
            *(self.bwrap, *_WALLS),
            *(() if reach.network else ("--unshare-net",)),
            *(_NOBODY if reach.nests and os.geteuid() == 0 else ()),
            *(word for name, value in environment.items() for word in ("--setenv", name, value)),
            *(("--args", str(variables)) if variables is not None else ()),
            *self.machine,
            *(("--ro-bind", str(self.agent), AGENT) if self.agent else ("--dir", AGENT)),
            *mounts.memory(HOME),
            *(mounts.names() if reach.network else ()),
            *(word for path in reach.shown for word in ("--ro-bind", str(path), str(path))),
            *(("--bind", str(reach.kept), SESSION) if reach.kept else ()),
            *("--bind" if self.writable else "--ro-bind", here, here),
            *self._history(),
            *("--remount-ro", "/", "--chdir", here),
            *(("--seccomp", str(rules)) if rules is not None else ()),
            *(("--info-fd", str(info)) if info is not None else ()),
            *("--", *command),
        ]

    def _history(self) -> list[str]:
        git = self.workspace / ".git"
        if self.history and not self.guarded and git.is_dir():
            return ["--bind", str(git), str(git)]
        return guard.walls(self.workspace, self.guarded)


def look(hidden: Sequence[Path] = ()) -> tuple[str, ...]:
    """Return what of this machine every sandbox shows and covers."""
    return (
        *mounts.system(),
        *mounts.secrets(),
        *("--proc", "/proc", *mounts.kernel()),
        *("--dev", "/dev", "--remount-ro", "/dev", *mounts.memory("/dev/shm")),  # noqa: S108
        *mounts.memory("/tmp"),  # noqa: S108
        *("--dir", "/var", "--symlink", "/tmp", "/var/tmp"),  # noqa: S108
        *mounts.interpreter(),
        *mounts.hidden(hidden),
    )


def find() -> str | None:
    """Return the path of bubblewrap, if it is installed."""
    return shutil.which("bwrap")


def check(workspace: Path, hidden: Sequence[Path]) -> None:
    """Refuse a workspace that would show what must not be seen, or be what must not be written."""
    for secret in hidden:
        if secret.is_relative_to(workspace):
            raise Refused(
                f"cannot use workspace {workspace}: {secret}, which no agent may see, lies in it"
            )
        if workspace.is_relative_to(secret):
            raise Refused(
                f"cannot use workspace {workspace}: it lies in {secret}, which no agent may see"
            )
    for path in map(Path, _TAKEN):
        if path.is_relative_to(workspace):
            raise Refused(f"cannot use workspace {workspace}: {path} would be an agent's to change")
    for path in map(Path, _NEVER_INSIDE):
        if workspace.is_relative_to(path):
            raise Refused(
                f"cannot use workspace {workspace}: {path} is another one inside a sandbox"
            )


_known: dict[str, Confinement] = {}


async def probe() -> Confinement:
    """Start a sandbox once and see whether that works; later answers are the same."""
    bwrap = find()
    if bwrap is None:
        return Confinement(
            ok=False, reason="bubblewrap is not installed", hint="sudo apt-get install bubblewrap"
        )
    if bwrap not in _known:
        _known[bwrap] = await _try(bwrap)
    return _known[bwrap]


async def _try(bwrap: str) -> Confinement:
    trial = Sandbox(bwrap=bwrap, machine=look(), workspace=Path("/usr"), writable=False)
    with syscalls.lent(syscalls.rules()) as rules:
        argv = trial.argv(["true"], {"PATH": process.PATH}, rules=rules)
        lent = () if rules is None else (rules,)
        outcome = await process.run(
            argv, cwd=Path("/"), env=own(), total=_PROBE, limit=_LIMIT, pass_fds=lent
        )
    if isinstance(outcome, Exited) and outcome.status == 0:
        return Confinement(ok=True)
    said = outcome.err.decode(errors="replace").strip() if isinstance(outcome, Exited) else ""
    reason = said or f"bubblewrap did not start: {outcome}"
    return Confinement(ok=False, reason=reason, hint=hint(said))


def own() -> dict[str, str]:
    """Return the environment of bubblewrap itself; that of the command is an argument."""
    return {"PATH": os.environ.get("PATH", process.PATH), "LANG": "C.UTF-8"}


def hint(said: str) -> str:
    """Return what to do about what bubblewrap said."""
    if "uid map" in said or "user namespace" in said or "Operation not permitted" in said:
        mend = (
            "allow user namespaces (sysctl kernel.apparmor_restrict_unprivileged_userns=0, or an"
            " AppArmor profile for bwrap)"
        )
    elif "Unknown option" in said:
        mend = "install bubblewrap 0.8 or later"
    else:
        mend = "see what bwrap says"
    return f"{mend}; or accept the risk: {_ACCEPT}"
