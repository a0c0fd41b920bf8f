"""What a gate's own host writes over: a layer of its own above what the machine has, which the machine never sees.

A directory that is in both is what the layer says it is. So each directory is made there, the host's to write: in it root
of the host adds, replaces and deletes as it likes, and packages are installed. The machine's files stay nobody's in there.
"""

import contextlib
import os
import stat
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from gate import TAKEN
from trying import CannotError

# In the tree of a host; there it sees an empty place.
LAYERS: Final = ".layers"
_OPAQUE: Final = "trusted.overlay.opaque"
_ALL: Final = stat.S_IROTH | stat.S_IXOTH


def layered(root: Path = Path("/")) -> tuple[str, ...]:
    """Return where the machine has its programs: `/usr`, and where it is of old what else has not moved there."""
    return tuple(name for name in ("usr", *TAKEN) if _is_directory(root / name))


def _is_directory(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def lay(tree: Path, root: Path = Path("/")) -> None:
    """Make the layers of a host in its tree."""
    for name in layered(root):
        (tree / LAYERS / name).mkdir(parents=True)
        _directories(str(root / name), str(tree / LAYERS / name))


def _directories(machine: str, layer: str) -> None:
    with os.scandir(machine) as entries:
        for entry in entries:
            if not entry.is_dir(follow_symlinks=False):
                continue
            own = f"{layer}/{entry.name}"
            os.mkdir(own, 0o755)  # noqa: PTH102 - of thousands
            with contextlib.suppress(FileNotFoundError):  # somebody installs something just now
                as_is = entry.stat(follow_symlinks=False)
                if (as_is.st_uid, as_is.st_gid) != (0, 0):
                    os.chown(own, as_is.st_uid, as_is.st_gid)
                if (mode := stat.S_IMODE(as_is.st_mode)) != 0o755:  # noqa: PLR2004 - as it was made
                    os.chmod(own, mode)  # noqa: PTH101
                if mode & _ALL == _ALL:
                    _directories(entry.path, own)
                else:
                    # It would be opened by this: what is in there the host does not see.
                    os.setxattr(own, _OPAQUE, b"y")


def mounted(where: Iterable[str], mounts: str, root: Path = Path("/")) -> Iterator[str]:
    """Yield what the machine has mounted below some directories: a layer shows nothing of it.

    Not what lies in a directory that the machine closes: in there that one is root's of the host, who could enter it.
    """
    points = {line.split()[4].replace("\\040", " ") for line in mounts.splitlines()}
    for point in sorted(points):
        below = any(point.startswith(f"/{name}/") for name in where)
        if below and all(_is_open(root / above) for above in Path(point[1:]).parents[:-1]):
            yield point


def _is_open(directory: Path) -> bool:
    try:
        return directory.stat().st_mode & _ALL == _ALL
    except FileNotFoundError:  # nothing is mounted there any more
        return False


def show(tree: Path) -> None:
    """Have the layers of a tree at a place beside it, too: in the tree itself nspawn covers them. Raises CannotError."""
    (place := _beside(tree)).mkdir()
    command = ["mount", "--bind", os.fspath(tree / LAYERS), os.fspath(place)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotError(f"the layers of its host cannot be laid: {done.stderr.strip()}")


def _beside(tree: Path) -> Path:
    return tree.with_name("layers")


def words(tree: Path, mounts: str, root: Path = Path("/")) -> Iterator[str]:
    """Yield how systemd-nspawn is told of the layers of a tree."""
    names = layered(root)
    yield f"--inaccessible=/{LAYERS}"
    yield from (f"--overlay=/{name}:{_beside(tree) / name}:/{name}" for name in names)
    yield from (f"--bind-ro={point}" for point in mounted(names, mounts, root))
