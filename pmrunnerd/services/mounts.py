"""What of this machine a sandbox shows, and what in there is covered, as arguments of bubblewrap.

Looked up anew by each process that confines: machines differ, and change.
"""

import os
import stat
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from pmrunnerd.services.memory import total

_ROOTS: Final = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_OWN: Final = Path("/etc/pm-runner")
_NOTHING: Final = "/dev/null"
# Of the memory that we may use, each of the places in memory that a sandbox has; there are three.
_SHARE: Final = 8


def system() -> list[str]:
    """Show the programs and the configuration of this machine, read-only."""
    shown = ["--ro-bind", "/usr", "/usr"]
    for name in _ROOTS:
        path = Path("/", name)
        if path.is_symlink():
            shown += ["--symlink", str(path.readlink()), f"/{name}"]
        elif path.is_dir():
            shown += ["--ro-bind", f"/{name}", f"/{name}"]
    return [*shown, "--ro-bind", "/etc", "/etc"]


def secrets(root: Path = Path("/etc")) -> list[str]:
    """Cover what the world may not read below `root` and we may, and our own configuration.

    A list of known secrets would be out of date on the next machine; the permissions are not.
    """
    return [word for path, kind in _unreadable(root) for word in _cover(path, kind)]


def _unreadable(directory: Path) -> Iterator[tuple[str, str]]:
    try:
        entries = list(os.scandir(directory))
    except OSError:  # not ours to read either
        return
    for entry in entries:
        if entry.is_symlink():
            continue
        directory_too = entry.is_dir(follow_symlinks=False)
        wanted = stat.S_IROTH | (stat.S_IXOTH if directory_too else 0)
        mode = entry.stat(follow_symlinks=False).st_mode
        if mode & wanted != wanted or entry.path == str(_OWN):
            if os.access(entry.path, os.R_OK):
                yield entry.path, "directory" if directory_too else "file"
        elif directory_too:
            yield from _unreadable(Path(entry.path))


def _cover(path: str, kind: str) -> tuple[str, ...]:
    return _covered(path) if kind == "directory" else ("--ro-bind", _NOTHING, path)


def _covered(path: str) -> tuple[str, ...]:
    """Put nothing in a directory's place, and let nobody put anything there: it would be memory."""
    return ("--tmpfs", path, "--remount-ro", path)


def memory(path: str) -> tuple[str, ...]:
    """Make a place in memory that can be written, up to a limit of its own."""
    return ("--size", str(total() // _SHARE), "--tmpfs", path)


def names(resolver: Path = Path("/etc/resolv.conf")) -> list[str]:
    """Show how this machine finds names, where `/etc` only has a link to it."""
    real = resolver.resolve()
    if real == resolver or not real.is_file():
        return []
    return ["--ro-bind", str(real), str(real)]


def kernel() -> list[str]:
    """Cover the kernel's own settings, where we are root.

    They belong to uid 0, which root stays in a user namespace, so no capability is needed to write
    them: without this, a sandbox made by root can set `kernel.core_pattern` of the machine. For
    anybody else they are read-only anyway, and covering them would forbid a sandbox in the sandbox.
    """
    if os.geteuid() != 0:
        return []
    entries = sorted(os.scandir("/proc"), key=lambda entry: entry.name)
    return [
        word
        for entry in entries
        if _is_setting(entry)
        for word in ("--ro-bind", entry.path, entry.path)
    ]


def _is_setting(entry: os.DirEntry[str]) -> bool:
    if entry.name.isdigit() or entry.is_symlink():
        return False
    if entry.is_dir():
        return True
    mode = entry.stat(follow_symlinks=False).st_mode
    # A container has something else where the kernel's log would be, which cannot be mounted once more.
    return stat.S_ISREG(mode) and bool(mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))


def python() -> Path:
    """Return the interpreter that runs us, by the path at which a sandbox has it, too."""
    return Path(sys.executable).resolve()


def interpreter() -> list[str]:
    """Show that interpreter and its library, where they are not part of the system."""
    base = Path(sys.base_prefix).resolve()
    return [] if base.is_relative_to("/usr") else ["--ro-bind", str(base), str(base)]


def hidden(paths: Iterable[Path]) -> list[str]:
    """Cover directories that would show through because they lie below something that is shown."""
    shown = [Path("/usr"), Path("/etc"), Path(sys.base_prefix).resolve()]
    return [
        word
        for path in paths
        if path.is_dir() and any(path.is_relative_to(root) for root in shown)
        for word in _covered(str(path))
    ]
