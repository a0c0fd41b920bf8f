"""Which releases an environment has, which one it runs, and which processes run one of them."""

import contextlib
import os
import re
from pathlib import Path
from typing import Final

import pmrunnerd
from pmrunnerd.model.errors import BadRequest, NotFound
from pmrunnerd.services.procfs import pids

CODE: Final = Path(pmrunnerd.__file__).resolve().parents[1]
NAME: Final = re.compile(r"[0-9][0-9A-Za-z.+~]*-[0-9a-f]{12}")
_USED: Final = re.compile(
    r"/opt/pm-runner/(?P<env>[a-z][a-z0-9]{0,15})/releases/(?P<name>[^/\s]+)/"
)


# Where the programs of the package are, below a root.
PROGRAMS: Final = "usr/lib/pm-runner"


def root(*, installed: bool, code: Path = CODE) -> Path:
    """Return below what releases lie: the machine, where the release lies that we are, or `build` of the checkout that we are of."""
    if installed:
        return Path("/")
    if (found := below(code)) is not None:
        return found
    return code / "build" if (code / "packaging").is_dir() else Path("/")


def below(code: Path) -> Path | None:
    """Return the root of the release that some code is of, which lies ROOT/opt/pm-runner/ENV/releases/NAME/lib; None for a checkout."""
    *above, opt, home, _, releases, _, lib = ("", "", "", "", "", *code.parts)
    is_one = (opt, home, releases, lib) == ("opt", "pm-runner", "releases", "lib")
    return Path(*filter(None, above)) if is_one else None


def programs(code: Path = CODE) -> tuple[Path, Path]:
    """Return where programs of the package may be: of the checkout that we are of, or beside the releases."""
    return code / "packaging", (below(code) or Path("/")) / PROGRAMS


class Shelf:
    """The releases of an environment below a root, which is `/` where pm-runner is installed."""

    def __init__(self, root: Path, environment: str) -> None:
        self.root = root
        self.environment = environment
        self.home = root / "opt/pm-runner" / environment

    @property
    def releases(self) -> Path:
        return self.home / "releases"

    def names(self) -> list[str]:
        """Return each release that is there whole, by name. Raises NotFound without an environment."""
        try:
            entries = sorted(self.releases.iterdir())
        except FileNotFoundError as exc:
            raise NotFound(
                f"cannot look at releases: there is no environment {self.environment} below {self.root}",
                hint="pmrunnerctl env list",
            ) from exc
        return [entry.name for entry in entries if NAME.fullmatch(entry.name)]

    def pointed(self, link: str = "dist") -> str:
        """Return the release that `dist`, or `previous`, points to; empty where there is none."""
        try:
            return (self.home / link).readlink().name
        except OSError:
            return ""

    def path(self, name: str) -> Path:
        """Return the directory of a release. Raises NotFound, BadRequest."""
        if not NAME.fullmatch(name):
            raise BadRequest(
                f"cannot look at release {name!r}: that is no name of one",
                hint="pmrunnerctl release list",
            )
        found = self.releases / name
        if not found.is_dir() or found.is_symlink():
            raise NotFound(
                f"cannot look at release {name}: {self.environment} has none of that name",
                hint="pmrunnerctl release list",
            )
        return found

    def used(self) -> dict[str, list[int]]:
        """Return each release that processes have in their memory, or work in, with these.

        What we may not look at is passed over: who must know of all of them is root.
        """
        pattern = re.compile(rf"(?:^|\s){re.escape(os.fspath(self.releases))}/(?P<name>[^/\s]+)")
        found: dict[str, list[int]] = {}
        for pid in sorted(pids()):
            for name in {hit["name"] for hit in pattern.finditer(_files_of(pid))}:
                found.setdefault(name, []).append(pid)
        return found

    def daemons(self) -> list[int]:
        """Return the processes that are the daemon of this environment, and not one of a container's."""
        return [
            pid
            for pid in sorted(pids())
            if _words(pid)[-2:] == ["daemon", self.environment] and _is_beside_us(pid)
        ]


def _files_of(pid: int) -> str:
    """Return what a process has mapped, its program and where it works; nothing of one that is not ours."""
    parts = []
    with contextlib.suppress(OSError):
        parts.append(Path(f"/proc/{pid}/maps").read_text(errors="surrogateescape"))
    for link in ("cwd", "exe"):
        with contextlib.suppress(OSError):
            parts.append(os.readlink(f"/proc/{pid}/{link}"))  # noqa: PTH115 - of each process
    return "\n".join(parts)


def _words(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").rstrip("\0").split("\0")
    except OSError:
        return []


def _is_beside_us(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/ns/pid").readlink() == Path("/proc/self/ns/pid").readlink()
    except OSError:
        return False
