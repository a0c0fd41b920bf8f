"""The walls in which a run host works, built before any code of a release runs.

The run host is code of a release, and that of `dev` is nobody's yet; it works as the same user as
the runs of `prod`. So it gets a pid namespace of its own, and of /var/lib/pm-runner only the runs of its
environment, which it can read, its own one, which it can write, and its agents' logins.
"""

import json
import os
import pwd
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

CANNOT: Final = 78
PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# Seconds between two words to a run host that is to stop: before it listens it hears none.
_AGAIN: Final = 0.2
_LOOK: Final = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW


class CannotError(Exception):
    """Nothing was started, and this is why."""


def hold(environment: str, name: str, command: list[str], root: str = "") -> int:
    """Run a command for a run in its walls, and pass on to it that it is to stop; return its status.

    It gets one more word: the descriptor that `certain` asks for.
    """
    state, sockets = Path(f"{root}/var/lib/pm-runner"), Path(f"{root}/run/pm-runner")
    directory = state / "runs" / environment / name
    try:
        uid = owner(environment)
        file = owned(directory, uid)
        told, tell = os.pipe()
        built = walls(state, sockets, directory, errand=is_errand(file, uid))
        bwrap = [*built, "--info-fd", str(tell), "--"]
        try:
            child = subprocess.Popen(
                [*bwrap, *command, str(file)],
                env=surroundings(),
                cwd="/",
                stdin=subprocess.DEVNULL,
                pass_fds=(file, tell),
            )
        except OSError as exc:
            raise CannotError(f"bubblewrap: {exc.strerror}") from exc
    except CannotError as why:
        sys.stderr.write(f"launch: cannot run {environment}-{name}: {why}\n")
        return CANNOT
    os.close(tell)
    os.close(file)
    listen(told)
    return child.wait()


def owner(environment: str) -> int:
    """Return the uid of an environment's daemon."""
    try:
        return pwd.getpwnam(f"pm-runner-{environment}").pw_uid
    except KeyError:
        raise CannotError(f"there is no user pm-runner-{environment}") from None


def owned(directory: Path, uid: int) -> int:
    """Open a directory that belongs to `uid`, and no link on the way to it; return the descriptor."""
    at = os.open("/", _LOOK)
    try:
        for part in directory.parts[1:]:
            above = at
            at = os.open(part, _LOOK, dir_fd=above)
            os.close(above)
        found = os.fstat(at).st_uid
    except OSError as exc:
        raise CannotError(f"{directory}: {exc.strerror}") from exc
    if found != uid:
        raise CannotError(f"{directory} belongs to uid {found}, and not to its daemon, uid {uid}")
    return at


def is_errand(directory: int, uid: int) -> bool:
    """Tell whether what is to be done is no run but an errand of the daemon's, by a file of its own."""
    try:
        found = os.stat("errand.json", dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return found.st_uid == uid


def walls(state: Path, sockets: Path, directory: Path, *, errand: bool) -> list[str]:
    """Return the command that builds them: all that the unit shows of the machine, but of ours little.

    A run knows those beside it by their locks and their names, and its task's session goes on in one of
    them. It can write in none, nor change a login: an errand is there to delete what they left, and
    to keep the logins. A link that leads elsewhere leads to what is not there.
    """
    secrets = state / "secrets" / directory.parent.name
    beside = "--bind" if errand else "--ro-bind"
    return [
        *("bwrap", "--unshare-user", "--unshare-pid", "--as-pid-1", "--die-with-parent"),
        # --dev-bind: without devices, no sandbox inside could have /dev/null.
        *("--dev-bind", "/", "/", "--proc", "/proc"),
        *("--tmpfs", "/dev/shm", "--tmpfs", str(state)),  # noqa: S108 - what others share
        *(beside, str(directory.parent), str(directory.parent)),
        *("--bind", str(directory), str(directory)),
        *(f"{beside}-try", str(secrets), str(secrets), "--remount-ro", str(state)),
        *("--tmpfs", str(sockets), "--remount-ro", str(sockets)),
        *("--chdir", str(directory)),
    ]


def surroundings() -> dict[str, str]:
    """Return the variables of a run host: it needs none that whoever started us has said."""
    known = {"PATH": PATH, "HOME": pwd.getpwuid(os.geteuid()).pw_dir, "LANG": "C.UTF-8"}
    kept = ("JOURNAL_STREAM", "INVOCATION_ID")
    return known | {name: os.environ[name] for name in kept if name in os.environ}


def listen(info: int) -> None:
    """Pass on to the run host that it is to stop; bubblewrap would take that for its own end."""
    with os.fdopen(info) as told:
        said = told.read()
    if not said:
        return  # it could not build them, and says why itself
    host = os.pidfd_open(json.loads(said)["child-pid"])

    def stop(*_: object) -> None:
        try:
            signal.pidfd_send_signal(host, signal.SIGTERM)
        except ProcessLookupError:
            return
        signal.setitimer(signal.ITIMER_REAL, _AGAIN)

    signal.signal(signal.SIGALRM, stop)
    signal.signal(signal.SIGTERM, stop)


def certain(directory: str, file: int) -> bool:
    """Tell whether what stands in a run's place is what was looked at, and close the descriptor.

    Whoever owns that name could have put a link there between the look and the mount. The
    descriptor leads out of the walls: nothing of a release may run while it is open.
    """
    there, looked_at = os.lstat(directory), os.fstat(file)
    os.close(file)
    if os.path.samestat(there, looked_at):
        return True
    sys.stderr.write(f"launch: cannot run {directory}: it was exchanged meanwhile\n")
    return False
