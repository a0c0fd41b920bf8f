"""A release of a commit as a unit: what the ExecStart= of `pm-runner-fetch@` and `pm-runner-build@` do.

Its name says all that it is to know: the environment, and the digest of a source tree. That tree is of a daemon, so it
is copied through no link, and the copy must have that digest. Nothing of the source is run: it is copied and
compiled. What is made lies in a directory of the unit's own; root takes it from there (`admit`).
"""

import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Final

import trees
import wheelstore

HERE: Final = Path(__file__).resolve().parent
PACKAGE: Final = "usr/share/pm-runner/wheels"
STORE: Final = "var/lib/pm-runner/wheels"
CANNOT: Final = 4


class CannotError(Exception):
    """Nothing was made, and this is why; with what can be typed."""

    def __init__(self, why: object, hint: str = "") -> None:
        super().__init__(str(why))
        self.hint = hint


def do(deed: str, environment: str, digest: str, root: str = "") -> int:
    """Fetch or build for a source tree of an environment; return the status to leave with."""
    work = Path(os.environ["STATE_DIRECTORY"])
    unit = f"pm-runner-{deed}@{environment}-{digest}"
    try:
        for left in work.iterdir():  # of a try that was killed
            shutil.rmtree(left)
        source = taken(Path(root or "/"), environment, digest, work)
        (_fetch if deed == "fetch" else _build)(Path(root or "/"), source, digest, work)
    except wheelstore.MissingError as why:
        return _say(unit, why, _fetching(environment, digest, root))
    except CannotError as why:
        return _say(unit, why, why.hint)
    except (OSError, ValueError) as why:
        return _say(unit, why)
    except subprocess.CalledProcessError as why:
        return _say(unit, f"{Path(str(why.cmd[0])).name} ended with status {why.returncode}")
    return 0


def _say(unit: str, why: object, hint: str = "") -> int:
    sys.stderr.write(f"{unit}: cannot make a release: {why}\n")
    sys.stderr.write(f"  hint: {hint}\n" if hint else "")
    return CANNOT


def _fetching(environment: str, digest: str, root: str) -> str:
    if root:
        return f"pmrunnerctl --env {environment} release build --fetch {digest} --root {shlex.quote(root)}"
    return f"sudo systemctl start pm-runner-fetch@{environment}-{digest}"


def taken(root: Path, environment: str, digest: str, work: Path) -> Path:
    """Return our own copy of a source tree, which is the one that is named."""
    state = root / "var/lib/pm-runner"
    # What root extracted, or the daemon.
    places = (state / "sources" / environment, state / "gates" / environment / "trees")
    place = next((at for at in places if os.path.lexists(at / digest)), places[0])
    copy = work / "source"
    copy.mkdir()
    into = trees.enter(str(copy.resolve()))
    try:
        there = trees.enter(str(place), digest)
        try:
            found = trees.contents(there, into).digest
        finally:
            os.close(there)
    except FileNotFoundError as exc:
        raise CannotError(f"there is no source {digest[:12]} in {place}") from exc
    finally:
        os.close(into)
    if found != digest:
        raise CannotError(f"source {digest[:12]} is not what its name says: it is {found[:12]}")
    return copy


def _lock(source: Path) -> Path:
    lock = source / wheelstore.LOCK
    if lock.is_symlink() or not lock.is_file():
        raise CannotError(f"the source has no {wheelstore.LOCK}")
    return lock


def _fetch(root: Path, source: Path, digest: str, work: Path) -> None:
    del digest
    pip = builder().pip_here()
    wheels = work / "wheels"
    names = wheelstore.fetch(_lock(source), root / STORE, root / PACKAGE, wheels, pip)
    shutil.rmtree(source)
    sys.stdout.write(f"{len(names)} wheels: {', '.join(names) or 'none is missing'}\n")


def _build(root: Path, source: Path, digest: str, work: Path) -> None:
    wheels = wheelstore.assemble(_lock(source), root / STORE, root / PACKAGE, work / "wheels")
    releases = work / "releases"
    made = builder()
    try:
        release = made.build(source, digest, wheels, releases, durably=False)
    except made.Cannot as exc:
        raise CannotError(str(exc).partition(": ")[2], exc.hint) from exc
    shutil.rmtree(source)
    sys.stdout.write(f"{release.name}\n")


def builder() -> ModuleType:
    """Return the program that builds releases, as a module."""
    loader = SourceFileLoader("build_release", str(HERE / "build-release"))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module
