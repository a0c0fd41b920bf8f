"""The walls in which a run host works, built before any code of a release runs.

The run host is code of a release, and that of `dev` is nobody's yet; it works as the same user as
the runs of `prod`. So it gets a pid namespace of its own, and of /var/lib/pm-runner only the runs of its
environment, which it can read, its own one, which it can write, and its agents' logins. Of workspaces it
can write those that lie where root says that its environment works.
"""

import json
import os
import pwd
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import Final

CANNOT: Final = 78
PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# Seconds between two words to a run host that is to stop: before it listens it hears none.
_AGAIN: Final = 0.2
# Where an environment has its workspaces; others have /srv/pm-runner/ENV. More of them root writes down.
# An environment of this name would have those of prod, and has none.
_TAKEN: Final = "projects"
_PRODS: Final = ("/srv/pm-runner/projects", "/opt/pm-runner/dev/src")
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
        open_to = roots(environment, root)
        built = walls(state, sockets, directory, open_to, errand=is_errand(file, uid))
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


def roots(environment: str, root: str = "", of: int = 0) -> list[str]:
    """Return where an environment may write: by default, and by the lines of a file of root's (`of`)."""
    own = {"prod": _PRODS, _TAKEN: ()}.get(environment, (f"/srv/pm-runner/{environment}",))
    file = f"{root}/etc/pm-runner/{environment}.roots"
    try:
        # O_NONBLOCK: a pipe in its place would hold us up.
        with os.fdopen(os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)) as lines:
            about = os.fstat(lines.fileno())
            if not stat.S_ISREG(about.st_mode) or about.st_uid != of or about.st_mode & 0o022:
                raise CannotError(f"{file} must be a file that root alone can write")
            said = [line.strip() for line in lines]
    except FileNotFoundError:
        said = []
    except (OSError, ValueError) as exc:
        raise CannotError(f"{file}: {getattr(exc, 'strerror', None) or exc}") from exc
    more = [line for line in said if line and not line.startswith("#")]
    if odd := next((one for one in more if not _is_plain(one)), None):
        raise CannotError(f"{file}: {odd!r} is no absolute path of a place below the top")
    # Whoever owns one may have put a link there: that is nobody else's to suffer from, nor to write.
    return [f"{root}{one}" for one in own] + [one for one in more if os.path.realpath(one) == one]


def _is_plain(path: str) -> bool:
    return path.startswith("/") and path != "/" and os.path.normpath(path) == path


def is_errand(directory: int, uid: int) -> bool:
    """Tell whether what is to be done is no run but an errand of the daemon's, by a file of its own."""
    try:
        found = os.stat("errand.json", dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return found.st_uid == uid


def walls(
    state: Path, sockets: Path, directory: Path, open_to: list[str], *, errand: bool
) -> list[str]:
    """Return the command that builds them: all that the unit shows of the machine, but of ours little.

    Whatever the unit lets all runs write, this one can only read but for `open_to`.

    A run knows those beside it by their locks and their names, and its task's session goes on in one of
    them. It can write in none, nor change a login: an errand is there to delete what they left, and
    to keep the logins. A link that leads elsewhere leads to what is not there.
    """
    secrets = state / "secrets" / directory.parent.name
    beside = "--bind" if errand else "--ro-bind"
    return [
        *("bwrap", "--unshare-user", "--unshare-pid", "--as-pid-1", "--die-with-parent"),
        *("--ro-bind", "/", "/", "--proc", "/proc"),
        # --dev-bind: without devices, no sandbox inside could have /dev/null.
        *("--dev-bind", "/dev", "/dev", "--bind", "/tmp", "/tmp", "--bind", "/var/tmp", "/var/tmp"),  # noqa: S108 - the unit's
        *(word for one in open_to for word in ("--bind-try", one, one)),
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

    Whoever owns that name could have put a link there between the look and the mount. One who took it
    away again has the right directory there, and what is mounted is elsewhere, where he wanted to write.
    The descriptor leads out of the walls: nothing of a release may run while it is open.
    """
    looked_at = os.fstat(file)
    os.close(file)
    if _is_there(directory, looked_at):
        return True
    sys.stderr.write(f"launch: cannot run {directory}: it was exchanged meanwhile\n")
    return False


def _is_there(directory: str, looked_at: os.stat_result) -> bool:
    try:
        there, above = _lookup(directory), _lookup(str(Path(directory).parent))
    except OSError:
        return False
    same = os.path.samestat(there[0], looked_at)
    return same and there[1] != above[1]


def _lookup(directory: str) -> tuple[os.stat_result, str]:
    """Return which directory it is, and in which mount; one on which another is mounted is that."""
    file = os.open(directory, _LOOK)
    try:
        lines = Path(f"/proc/self/fdinfo/{file}").read_text().splitlines()
        return os.fstat(file), next(line for line in lines if line.startswith("mnt_id:"))
    finally:
        os.close(file)
