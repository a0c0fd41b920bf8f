"""A tree of some files of a source: what is not in there cannot change what is made of it."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from pmrunnerd.services.gates import arriving
from pmrunnerd.services.gates.place import GatePlace
from pmrunnerd.services.source import ondisk


def narrow(place: GatePlace, source: str, paths: Iterable[str], name: str) -> str:
    """See to it that a tree of these files of a source alone is there; return its digest. Raises OSError.

    It arrives under a `name` that nobody else uses meanwhile.
    """
    trees = place.tree("")
    new = arriving.fresh(trees, f"part-{name}")
    _directory(new)
    for path in sorted(paths):
        for above in reversed(Path(path).parents[:-1]):
            _directory(new / above)
        shutil.copy2(place.tree(source) / path, new / path, follow_symlinks=False)
    digest = _measured(new)
    arriving.keep(trees, new, digest, _measured)
    return digest


def _directory(path: Path) -> None:
    path.mkdir(exist_ok=True)
    path.chmod(0o755)  # as those of a source are, whatever our umask


def _measured(tree: Path) -> str:
    return ondisk.measure(tree).value()
