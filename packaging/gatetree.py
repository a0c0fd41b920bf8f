"""The tree of a gate's own host: nothing of the machine but what everybody can read, and the gate's own copies.

It has one service of ours, which runs the command; how that ends is how the host ends.
"""

import os
import secrets
import shlex
import shutil
import stat
from pathlib import Path
from typing import Any, Final

import gate
import gatelayer
from gate import INSIDE, Places

# The host ended, and not with its command.
ENDED: Final = 253
# Of it there are only mounts, and what is made when the host boots.
_DIRECTORIES: Final = (
    "usr",
    "var",
    "run",
    "proc",
    "sys",
    "dev",
    "root",
    "home",
    "mnt",
    "media",
    "srv",
    "opt",
)
# Of this machine's /etc: what would have its services run in there, names it, or is nobody's business.
_NOT_OURS: Final = frozenset(
    "systemd/system systemd/network systemd/nspawn pm-runner machine-id hostname hosts fstab crypttab mtab resolv.conf init.d netplan"
    " rc0.d rc1.d rc2.d rc3.d rc4.d rc5.d rc6.d rcS.d shadow gshadow".split()
)
_LARGEST: Final = 1 << 20
# Which packages the machine has: in there dpkg goes on from that.
_INSTALLED: Final = "var/lib/dpkg"
_LARGEST_LIST: Final = 64 << 20
# What its host is called.
NAME: Final = "gate"
_UNIT: Final = f"""\
[Unit]
Description=The command of this gate
# With its end this host ends, by its status, and nothing else in here is asked. What a signal ends, for systemd, went well.
FailureAction=exit-force
SuccessAction=exit-force
SuccessActionExitStatus={ENDED}

[Service]
Type=exec
ExecStart=/bin/bash {INSIDE}/try
StandardInput=null
"""
# What would not end is killed soon.
_MANAGER: Final = "[Manager]\nDefaultTimeoutStopSec=5s\nShowStatus=no\n"
# All of it is read before the command, who can write it, begins. Which status says that the command passed nobody is told.
_TRY: Final = """\
try() {{
    exec > {inside}/said 2>&1
    read -r passed < {inside}/passed && rm {inside}/passed && cd {inside}/source || exit 1
    touch {inside}/began /run/pm-runner-gate-host || exit 1
    env --ignore-environment {variables} bash -euo pipefail -c {command}
    case $? in
        0) exit "$passed" ;;
        "$passed") exit 1 ;;
        *) exit "$?" ;;
    esac
}}
try
"""


def lay(inside: Places, tree: Path, spec: dict[str, Any], passed: int) -> None:
    """Make the tree of a host, with the gate's own copies in it. Raises CannotError, OSError, ValueError."""
    for name in _DIRECTORIES:
        (tree / name).mkdir(parents=True)
    (tree / "tmp").mkdir()
    (tree / "tmp").chmod(0o1777)
    for name in gate.TAKEN:
        if (path := Path("/", name)).is_symlink():
            (tree / name).symlink_to(path.readlink())
    gatelayer.lay(tree)
    (tree / _INSTALLED).mkdir(parents=True)
    copy(Path("/", _INSTALLED), tree / _INSTALLED, largest=_LARGEST_LIST)
    configure(Path("/etc"), tree / "etc")
    inside.work.mkdir()
    gate.fill(inside, spec)
    # As with other gates, what was built is not the gate's to change: it belongs to nobody in there.
    (inside.work / "built").rename(tree.parent / "built")
    for name in ("built", "prepared"):
        (inside.work / name).mkdir()
    os.mkfifo(inside.work / "said", 0o600)
    (inside.work / "passed").write_text(f"{passed}\n")
    variables = (shlex.quote(f"{key}={value}") for key, value in gate.variables(spec).items())
    (inside.work / "try").write_text(
        _TRY.format(
            inside=INSIDE, variables=" ".join(variables), command=shlex.quote(spec["command"])
        )
    )


def configure(machine: Path, etc: Path) -> None:
    """Lay down its /etc: of the machine's what everybody can read, none of its services, and the gate's."""
    etc.mkdir()
    copy(machine, etc)
    (etc / "machine-id").write_text(f"{secrets.token_hex(16)}\n")
    # Looked for before /usr is there.
    (etc / "os-release").unlink(missing_ok=True)
    shutil.copyfile(machine / "os-release", etc / "os-release")
    (etc / "hostname").write_text(f"{NAME}\n")
    (etc / "hosts").write_text(f"127.0.0.1 localhost {NAME}\n::1 localhost\n")
    users = (line.partition(":")[0] for line in (etc / "passwd").read_text().splitlines())
    (etc / "shadow").touch(0o600)
    (etc / "shadow").write_text("".join(f"{name}:*:::::::\n" for name in users if name))
    units = etc / "systemd/system"
    (units / "multi-user.target.wants").mkdir(parents=True)
    (units / "gate.service").write_text(_UNIT)
    (units / "multi-user.target.wants/gate.service").symlink_to("../gate.service")
    (units / "default.target").symlink_to("/usr/lib/systemd/system/multi-user.target")
    (etc / "systemd/system.conf.d").mkdir(exist_ok=True)
    (etc / "systemd/system.conf.d/gate.conf").write_text(_MANAGER)


def copy(source: Path, into: Path, below: str = "", largest: int = _LARGEST) -> None:
    """Copy what everybody can read of a directory of root's, but for what is not for a gate."""
    with os.scandir(source) as entries:
        for entry in entries:
            name = f"{below}{entry.name}"
            mode = entry.stat(follow_symlinks=False).st_mode
            if name in _NOT_OURS or not mode & stat.S_IROTH:
                continue
            if entry.is_symlink():
                (into / entry.name).symlink_to(Path(entry.path).readlink())
            elif entry.is_dir() and mode & stat.S_IXOTH:
                (into / entry.name).mkdir()
                copy(Path(entry.path), into / entry.name, f"{name}/", largest)
            elif entry.is_file() and entry.stat().st_size <= largest:
                shutil.copyfile(entry.path, into / entry.name)
                (into / entry.name).chmod(0o755 if mode & stat.S_IXOTH else 0o644)
