"""What an environment of this machine is made of, and how another one is made: step by step, each once."""

import contextlib
import os
import pwd
import re
import socket
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Final

from msgspec import Struct

from pmrunnerctl import machinery
from pmrunnerctl.exits import Cannot, Exit

ROOT: Final = Path("/")
# After those of prod and dev.
FIRST_FREE: Final = 3504
# From what the package brings to what an administrator has, the later one winning.
_UNITS: Final = ("usr/lib/systemd/system", "etc/systemd/system")
_PORT: Final = re.compile(r"^ListenStream=\S*?(\d+)$", re.MULTILINE)

USER: Final = """\
# Made for environment {name}.
u pm-runner-{name} - "pm-runner of {name}" /nonexistent /usr/sbin/nologin
"""
DIRECTORIES: Final = """\
# Made for environment {name}, as /usr/lib/tmpfiles.d/pm-runner.conf has it for prod.
d /opt/pm-runner/{name}            0755 root root
d /opt/pm-runner/{name}/releases   0755 root root
L /opt/pm-runner/{name}/state      - - - - /var/lib/pm-runner/state/{name}
d /var/lib/pm-runner/state/{name}  0700 pm-runner-{name} pm-runner-{name}
d /var/lib/pm-runner/runs/{name}   3750 pm-runner-{name} pm-run
d /var/lib/pm-runner/gates/{name}  3750 pm-runner-{name} pm-gate
d /var/lib/pm-runner/prepared/{name} 0755 root root
d /var/lib/pm-runner/promote/{name} 0751 root pm-runner-{name}
d /var/lib/pm-runner/promote/{name}/gates 0751 root pm-runner-{name}
f /var/lib/pm-runner/promote/{name}/trial.lock 0600 root root
f /var/lib/pm-runner/promote/{name}/promoting.lock 0600 root root
d /var/lib/pm-runner/secrets/{name} 0700 pm-agent pm-agent
d /srv/pm-runner/{name}            0755 pm-agent pm-agent
C /etc/pm-runner/{name}.toml       0640 root pm-runner-{name} - /usr/share/pm-runner/pm-runner.toml
"""
PORT: Final = """\
# Made for environment {name}.
[Socket]
ListenStream=127.0.0.1:{port}
"""


class Environment(Struct, frozen=True, kw_only=True):
    """One that is installed. `port` is 0 where it has no web door; `service` is as systemd says it."""

    name: str
    port: int
    release: str
    service: str


class Environments(Struct, frozen=True, kw_only=True):
    """All of this machine."""

    environments: tuple[Environment, ...]


class Made(Struct, frozen=True, kw_only=True):
    """What was done, in words."""

    name: str
    port: int
    done: tuple[str, ...]


class Step(Struct, frozen=True, kw_only=True):
    """One thing to do: what it is in words, whether it is done, and how."""

    text: str
    is_done: Callable[[], bool]
    do: Callable[[], None]


def known(root: Path = ROOT) -> list[Environment]:
    """Return the environments that have a place for releases."""
    return [
        Environment(
            name=home.name,
            port=port(home.name, root),
            release=(home / "dist").readlink().name if (home / "dist").is_symlink() else "",
            service=_service(home.name),
        )
        for home in sorted((root / "opt/pm-runner").glob("*"))
        if (home / "releases").is_dir()
    ]


def port(name: str, root: Path = ROOT) -> int:
    """Return the port of an environment's web door; 0 where it has none."""
    found = 0
    for units in _UNITS:
        for file in sorted((root / units / f"pm-runner-web@{name}.socket.d").glob("*.conf")):
            ports = _PORT.findall(file.read_text())
            found = int(ports[-1]) if ports else found
    return found


def free_port(taken: Collection[int], first: int = FIRST_FREE) -> int:
    """Return the first port that no environment has and nobody listens on; 0 for none."""
    for number in range(first, 1 << 16):
        if number in taken:
            continue
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", number))
            probe.listen(1)
            return number
    return 0


def steps(name: str, number: int, root: Path = ROOT) -> list[Step]:
    """Return what makes an environment, in order."""
    prod, dist = root / "opt/pm-runner/prod/dist", root / "opt/pm-runner" / name / "dist"
    files = {
        f"etc/sysusers.d/pm-runner-{name}.conf": USER,
        f"etc/tmpfiles.d/pm-runner-{name}.conf": DIRECTORIES,
        f"etc/systemd/system/pm-runner-web@{name}.socket.d/port.conf": PORT,
    }
    sysusers, tmpfiles, _ = files
    written = [
        _write(root / path, text.format(name=name, port=number)) for path, text in files.items()
    ]
    return [
        written[0],
        _run(
            f"made user pm-runner-{name}",
            lambda: _is_user(f"pm-runner-{name}"),
            "systemd-sysusers",
            str(root / sysusers),
        ),
        written[1],
        _run(
            "made its directories",
            lambda: all(os.path.lexists(place) for place in _places(name, root)),
            *("systemd-tmpfiles", "--create", str(root / tmpfiles)),
        ),
        written[2],
        Step(
            text=f"had {dist} run what prod runs",
            is_done=lambda: dist.is_symlink() or not prod.is_symlink(),
            do=lambda: _share(prod, dist),
        ),
    ]


def make(name: str, number: int, root: Path = ROOT) -> list[str]:
    """Do what is not done, and return it in words. Raises Cannot."""
    done = []
    for step in steps(name, number, root):
        if step.is_done():
            continue
        try:
            step.do()
        except OSError as exc:
            raise Cannot(
                f"cannot add {name}: {step.text}: {exc.strerror}",
                exits=Exit.ENDED_BADLY,
                code="ended-badly",
                hint=f"sudo pmrunnerctl env add {name} --port {number}   goes on from there",
            ) from exc
        done.append(step.text)
    if done:
        machinery.work("systemctl", "daemon-reload")
    return done


def _places(name: str, root: Path) -> list[Path]:
    """Return all that tmpfiles makes: a workspace outlives a purge, and says nothing of the others."""
    lines = DIRECTORIES.format(name=name).splitlines()
    return [root / line.split()[1].lstrip("/") for line in lines if not line.startswith("#")]


def _write(path: Path, text: str) -> Step:
    def do() -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.parent.chmod(0o755)  # whatever root's umask: everybody may list environments
        path.write_text(text)
        path.chmod(0o644)

    def is_done() -> bool:
        return path.exists() and path.read_text() == text

    return Step(text=f"wrote {path}", is_done=is_done, do=do)


def _run(text: str, is_done: Callable[[], bool], *argv: str) -> Step:
    return Step(text=text, is_done=is_done, do=lambda: machinery.work(*argv))


def _is_user(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _share(prod: Path, dist: Path) -> None:
    """Have an environment run prod's release from a place of its own: a release is root's and immutable."""
    release = prod.resolve(strict=True)
    own = dist.parent / "releases" / release.name
    if not own.exists():
        partial = own.with_name(f".{own.name}.partial")
        machinery.work("rm", "-rf", str(partial))
        # Hard links: the same files, once on the disk.
        machinery.work("cp", "-al", str(release), str(partial))
        partial.rename(own)
    dist.symlink_to(Path("releases") / own.name)


def _service(name: str) -> str:
    return machinery.answer("systemctl", "is-active", f"pm-runner@{name}.service") or "unknown"
