"""Where the parts of a test host lie, and the mounts that make them.

The disk is in memory: `/` of this machine below, what the host writes above. Mounts below `/` are not
part of it; those that hold something a test needs are layered in the same way, and put in their place.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

# Each Linux has them, mostly empty: what is in one is not seen by a keeper, who puts the disk there.
PLACES: Final = (Path("/mnt"), Path("/media"), Path("/srv"))
# What a host has for itself: nothing of this machine is seen there.
OWN: Final = frozenset({Path("/tmp"), Path("/run")})
DEVICES: Final = ("null", "zero", "full", "random", "urandom", "tty", "fuse")
LINKS: Final = {
    "ptmx": "pts/ptmx",
    "fd": "/proc/self/fd",
    "stdin": "/proc/self/fd/0",
    "stdout": "/proc/self/fd/1",
    "stderr": "/proc/self/fd/2",
}

Argv = list[str]


def place(needed: Iterable[Path]) -> Path:
    """Return where the disk may be put without hiding what is needed."""
    paths = tuple(needed)
    for candidate in PLACES:
        if not any(path.is_relative_to(candidate) for path in paths):
            return candidate
    raise RuntimeError(
        f"cannot make a disk: the tests lie in each of {', '.join(map(str, PLACES))}"
    )


def elsewhere(needed: Iterable[Path], mounts: str) -> list[Path]:
    """Return those paths that the `/` of a host does not show, by what /proc/self/mountinfo says."""
    points = {Path(line.split()[4].replace("\\040", " ")) for line in mounts.splitlines()}
    points |= OWN
    found: list[Path] = []
    for path in sorted(set(needed)):
        point = max((one for one in points if path.is_relative_to(one)), key=lambda p: len(p.parts))
        covered = any(path.is_relative_to(one) and one.is_relative_to(point) for one in found)
        if point != Path("/") and not covered:
            found.append(path)
    return found


def mount(kind: str, where: Path, options: str = "", *flags: str) -> Argv:
    argv = ["mount", "-t", kind, *(["-o", options] if options else []), *flags]
    return [*argv, kind, os.fspath(where)]


def bind(what: Path, where: Path) -> Argv:
    return ["mount", "--bind", os.fspath(what), os.fspath(where)]


@dataclass(frozen=True)
class Layout:
    """A host's disk at its place; `apart` are the paths that come from other mounts than `/`."""

    place: Path
    apart: Sequence[Path]

    @property
    def root(self) -> Path:
        return self.place / "0" / "root"

    @property
    def cgroups(self) -> Path:
        """Where the keeper has mounted all hierarchies."""
        return self.place / "cgroups"

    def disk(self) -> Iterator[Argv]:
        """Yield what makes it: one layered file system for `/` and one for each that is apart."""
        yield mount("tmpfs", self.place, "mode=0755")
        for number, lower in enumerate((Path("/"), *self.apart)):
            layer = self.place / str(number)
            parts = {name: layer / name for name in ("upper", "work", "root")}
            yield ["mkdir", "-p", *map(os.fspath, parts.values())]
            options = f"lowerdir={lower},upperdir={parts['upper']},workdir={parts['work']}"
            yield mount("overlay", parts["root"], options)

    def host(self) -> Iterator[Argv]:
        """Yield what puts everything but control groups into the root of a host that boots."""
        root = self.root
        yield mount("proc", root / "proc", "nosuid,nodev,noexec")
        yield mount("sysfs", root / "sys", "ro,nosuid,nodev,noexec")
        yield mount("tmpfs", root / "dev", "mode=0755,nosuid")
        for device in DEVICES:
            if Path("/dev", device).exists():
                yield ["touch", os.fspath(root / "dev" / device)]
                yield bind(Path("/dev", device), root / "dev" / device)
        yield ["mkdir", os.fspath(root / "dev/pts"), os.fspath(root / "dev/shm")]
        yield mount("devpts", root / "dev/pts", "newinstance,ptmxmode=0666,mode=0620,gid=5")
        yield mount("tmpfs", root / "dev/shm", "mode=1777,nosuid,nodev")
        for name, target in LINKS.items():
            yield ["ln", "-s", target, os.fspath(root / "dev" / name)]
        yield mount("tmpfs", root / "run", "mode=0755,nosuid,nodev")
        yield mount("tmpfs", root / "tmp", "mode=1777,nosuid,nodev")
        for number, path in enumerate(self.apart, start=1):
            there = root / path.relative_to("/")
            yield ["mkdir", "-p", os.fspath(there)]
            yield bind(self.place / str(number) / "root", there)

    def container(self, name: str) -> Argv:
        """Return what boots the disk where a systemd runs already, which has the control groups."""
        return [
            *("systemd-nspawn", "--quiet", "--boot", f"--machine={name}"),
            *("--directory", os.fspath(self.root)),
            *("--register=no", "--private-network", "--capability=all", "--console=pipe"),
            *("--link-journal=no", "--resolv-conf=off", "--timezone=off"),
            *(
                f"--bind={self.place / str(number) / 'root'}:{path}"
                for number, path in enumerate(self.apart, start=1)
            ),
        ]
