"""Makes of a root what the package makes of a machine: the launcher, a key, directories, and the first `dist`.

Once, and for whoever has no package: what runs later is for promotions to say.
"""

import sys
from pathlib import Path
from typing import Final

from pmrunnerd.model.errors import PmError, Refused
from pmrunnerd.services import process
from pmrunnerd.services.outcome import Exited, why
from pmrunnerd.services.releases.programs import program
from pmrunnerd.services.releases.shelf import PROGRAMS, Shelf
from pmrunnerd.store.durable import Disk

_RECORDS: Final = "var/lib/pm-runner/promote"
_REQUESTS: Final = "var/lib/pm-runner/requests/prod"
_LOCK: Final = "trial.lock"
_DIRECTORY: Final = 0o755
_FILE: Final = 0o644
_TOTAL: Final = 60.0
_SAYS: Final = 1 << 16
_ENV: Final = {"PATH": process.PATH, "LANG": "C.UTF-8"}


async def first(shelf: Shelf, name: str, disk: Disk) -> None:
    """Have an environment run a release that never ran one. Raises PmError, OSError."""
    release = shelf.path(name)
    if shelf.root == Path("/"):
        raise Refused(
            f"cannot start {name}: here systemd starts what `dist` points to",
            hint=f"pmrunnerctl promote --release {name} --wait",
        )
    if (runs := shelf.pointed()) and runs != name:
        raise Refused(
            f"cannot start {name}: {shelf.environment} runs {runs}, and another one takes its place by a promotion",
            hint="pmrunnerctl promote --dry-run\npmrunnerctl rollback -h",
        )
    _bring(shelf.root / PROGRAMS, disk)
    await _key(shelf.root)
    records = shelf.root / _RECORDS / shelf.environment
    disk.make_directory(shelf.root / _REQUESTS)
    for place in (records, shelf.home, shelf.releases):
        disk.make_directory(place)
        place.chmod(_DIRECTORY)  # the launcher takes none in which others could write
    disk.close(disk.open(records / _LOCK, "create"))
    if not runs:
        (shelf.home / "dist").symlink_to(Path("releases", release.name))
        disk.sync_directory(shelf.home)


def _bring(into: Path, disk: Disk) -> None:
    """Copy the package's programs there: the way back is of no release, and of no commit that comes after."""
    disk.make_directory(into)
    for path in sorted(program("launch").parent.iterdir()):
        if path.is_file() and not path.is_symlink():
            disk.replace_file(into / path.name, path.read_bytes(), _FILE)


async def _key(root: Path) -> None:
    argv = (sys.executable, "-IBS", program("signing-key"), "--root", root)
    done = await process.run(argv, cwd=Path("/"), env=_ENV, total=_TOTAL, limit=_SAYS)
    if not isinstance(done, Exited) or done.status:
        raise PmError(
            f"cannot make a key that signs releases: {why(done)}", hint="ssh-keygen -V now"
        )
