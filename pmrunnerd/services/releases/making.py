"""Has a release built of a source tree: by a unit, or behind walls where there is no service manager.

Both run the package's code, and know the tree by its digest alone. What they made is admitted by a
program of the package: as root, or here as whoever owns the releases.
"""

import os
import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

from pmrunnerd.model.errors import NotFound, PmError, Refused
from pmrunnerd.services import process
from pmrunnerd.services.errands.here import Here
from pmrunnerd.services.outcome import Exited, Outcome, why
from pmrunnerd.services.releases.programs import BOOTED, program
from pmrunnerd.services.releases.shelf import Shelf
from pmrunnerd.services.source.repository import Repository, extract
from pmrunnerd.store.durable import Disk

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_REFUSED: Final = 4
# The units say themselves how long they may take; this is a little more.
_TOTAL: Final = {"fetch": 1900.0, "build": 1000.0}
_SAYS: Final = 1 << 20
_WORDS: Final = 8000
_ENV: Final = {"PATH": process.PATH, "LANG": "C.UTF-8"}


def trees(shelf: Shelf) -> tuple[Path, Path]:
    """Return where source trees of an environment lie, each under its digest: ours, and its daemon's."""
    state, name = shelf.root / "var/lib/pm-runner", shelf.environment
    return state / "sources" / name, state / "gates" / name / "trees"


def has(shelf: Shelf, digest: str) -> bool:
    """Tell whether there is a source tree of that digest."""
    return bool(_DIGEST.fullmatch(digest)) and any((at / digest).is_dir() for at in trees(shelf))


async def take(shelf: Shelf, workspace: Path, name: str) -> str:
    """Extract a commit of a workspace; return the digest of its source. Raises PmError, OSError.

    It comes to lie where nobody else can write: whoever builds may be root.
    """
    ours, _ = trees(shelf)
    ours.mkdir(parents=True, exist_ok=True)
    repository = Repository(errands=Here(), workspace=workspace, room=ours)
    commit = await repository.resolve(name)
    disk, fresh = Disk(), ours / f".{commit}"
    disk.remove_tree(fresh)
    found = await extract(repository, commit, fresh)
    if has(shelf, found.digest):
        disk.remove_tree(fresh)
    else:
        disk.rename(fresh, ours / found.digest)
    return found.digest


def bring(shelf: Shelf, tree: Path, digest: str) -> None:
    """Have a source tree that lies elsewhere among ours, by its digest, which whoever builds measures. Raises OSError."""
    ours, _ = trees(shelf)
    ours.mkdir(parents=True, exist_ok=True)
    disk, fresh = Disk(), ours / f".{digest}"
    disk.remove_tree(fresh)
    shutil.copytree(tree, fresh, symlinks=True)
    disk.rename(fresh, ours / digest)


def drop(shelf: Shelf, digest: str) -> None:
    """Delete what was taken or brought to build a release of, once that is there. Raises OSError."""
    ours, _ = trees(shelf)
    Disk().remove_tree(ours / digest)


async def make(deed: str, shelf: Shelf, digest: str) -> str:
    """Fetch or build for a source tree; return what was said of it. Raises PmError."""
    if not has(shelf, digest):
        raise NotFound(
            f"cannot {deed}: there is no source tree {digest[:12]}",
            hint=f"ls {' '.join(map(str, trees(shelf)))}",
        )
    if shelf.root == Path("/") and BOOTED.is_dir():
        return await _by_unit(deed, shelf.environment, digest)
    return await _behind_walls(deed, shelf, digest)


async def _by_unit(deed: str, environment: str, digest: str) -> str:
    unit = f"pm-runner-{deed}@{environment}-{digest}.service"
    command = ("systemctl", "--no-ask-password", "start", unit)
    done = await process.run(command, cwd=Path("/"), env=_ENV, total=_TOTAL[deed], limit=_SAYS)
    if isinstance(done, Exited) and done.status == 0:
        return ""
    # What it said is in the journal, which systemctl would name in its own words.
    failed = isinstance(done, Exited) and done.err.startswith(b"Job for ")
    reason = "its unit failed" if failed else why(done)
    raise PmError(f"cannot {deed} {digest[:12]}: {reason}", hint=f"journalctl -n 20 -u {unit}")


async def _behind_walls(deed: str, shelf: Shelf, digest: str) -> str:
    """Do what the unit does, in a bubblewrap: nothing to write but its directory, no network but to fetch."""
    name = f"{shelf.environment}-{digest}"
    work = shelf.root / "var/lib" / f"pm-runner-{deed}" / name
    work.mkdir(parents=True, exist_ok=True)
    if deed == "fetch":
        await _make_sources(shelf)
    launch, admit = program("launch"), program("admit")
    with tempfile.TemporaryDirectory(prefix="pm-runner-") as scratch:
        argv = [
            # Not --unshare-all: a unit may forbid the namespace of control groups, which nothing here needs.
            *("bwrap", "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts"),
            *(() if deed == "fetch" else ("--unshare-net",)),
            *("--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv"),
            *("--setenv", "PATH", process.PATH, "--setenv", "LANG", "C.UTF-8"),
            *("--setenv", "STATE_DIRECTORY", str(work), "--setenv", "TMPDIR", "/tmp"),  # noqa: S108 - its own
            *("--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"),
            *(word for path in _hidden(shelf) for word in ("--tmpfs", str(path))),
            *("--bind", scratch, "/tmp"),  # noqa: S108 - as above
            *(word for path in _shown(shelf) for word in ("--ro-bind-try", str(path), str(path))),
            *("--bind", str(work), str(work)),
            *("--chdir", "/", "--", sys.executable, "-IBS", str(launch)),
            *("--root", str(shelf.root), deed, name),
        ]
        made = await process.run(argv, cwd=Path("/"), env=_ENV, total=_TOTAL[deed], limit=_SAYS)
    succeeded = isinstance(made, Exited) and made.status == 0
    admitted = await process.run(
        [sys.executable, "-IB", admit, deed, name, f"--root={shelf.root}"],
        cwd=Path("/"),
        env=_ENV | {"SERVICE_RESULT": "success" if succeeded else "exit-code"},
        total=_TOTAL[deed],
        limit=_SAYS,
    )
    for done in (made, admitted):
        if not isinstance(done, Exited) or done.status:
            raise _failure(deed, done)
    assert isinstance(admitted, Exited)
    return admitted.out.decode(errors="replace").strip()


async def _make_sources(shelf: Shelf) -> None:
    """Make the wheels that no index has, once for each lock, where we are a checkout: elsewhere the package brings them."""
    maker, into = program("wheelhouse.py"), shelf.root / "usr/share/pm-runner/wheels"
    if not lacks_sources(maker.with_name("requirements-release.lock"), into):
        return
    env = _ENV | {"HOME": os.environ.get("HOME", "/")}  # where pip's settings are
    argv = (sys.executable, "-IB", maker, into)
    done = await process.run(argv, cwd=Path("/"), env=env, total=_TOTAL["fetch"], limit=_SAYS)
    if not isinstance(done, Exited) or done.status:
        raise _failure("fetch", done)


def lacks_sources(lock: Path, into: Path) -> bool:
    """Tell whether there is a lock of which these wheels were not made: it may name a newer one."""
    made = [wheel.stat().st_mtime for wheel in into.glob("*.whl")]
    return lock.is_file() and (not made or max(made) < lock.stat().st_mtime)


def _hidden(shelf: Shelf) -> list[Path]:
    """Return what of us a build has no business with: homes, states, keys, sockets."""
    homes = (Path("/root"), Path("/home"), Path("/srv"), Path("/run"), Path("/etc/pm-runner"))
    every = (
        *homes,
        Path("/var/lib/pm-runner"),
        shelf.root if shelf.root != Path("/") else homes[0],
    )
    return [path for path in dict.fromkeys(every) if path.is_dir()]


def _shown(shelf: Shelf) -> list[Path]:
    """Return what it needs, wherever that lies: Python, the package's programs, the tree, the wheels."""
    return [
        *(Path(sys.base_prefix), Path(sys.prefix), program("launch").parent),
        *(*trees(shelf), shelf.root / "var/lib/pm-runner/wheels"),
        shelf.root / "usr/share/pm-runner",
    ]


def _failure(deed: str, done: Outcome) -> PmError:
    """Return the error of a program that said in its own words why, and what helps."""
    if not isinstance(done, Exited) or not done.err:
        return PmError(f"cannot {deed}: {why(done)}")
    lines = done.err.decode(errors="backslashreplace")[-_WORDS:].splitlines()
    hints = [line.partition("hint: ")[2] for line in lines if line.startswith("  hint: ")]
    reasons = [line.strip() for line in lines if line.strip() and not line.startswith("  hint: ")]
    # The program's own name stands before it.
    reasons[:1] = [reason.partition(": ")[2] or reason for reason in reasons[:1]]
    kind = Refused if done.status == _REFUSED else PmError
    return kind("\n  ".join(reasons), hint=hints[-1] if hints else None)
