"""Another machine to build on, as far as a build could notice: each way in which one differs, and all at once."""

import os
import random
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

FOUR_HUNDRED_DAYS: Final = 400 * 86400
_CLOCKS: Final = "*/faketime/libfaketime.so.1"
WAYS: Final = ("home", "umask", "zone", "locale", "user", "clock", "order", "place", "hash", "cpus")


class Elsewhere:
    """A directory in which commands run as if on another machine; `ways` are how it differs."""

    def __init__(self, directory: Path, ways: Sequence[str] = WAYS) -> None:
        self.ways = frozenset(ways)
        self.top = directory / ("another directory" if "place" in ways else "top")
        self.out = self.top / "releases"
        self.out.mkdir(parents=True)

    def copy(self, source: Path) -> Path:
        """Return a copy of a tree, whose files were made in another order, at another time."""
        into = self.top / source.name
        names = sorted(path.relative_to(source) for path in source.rglob("*") if path.is_file())
        if "order" in self.ways:
            random.Random(4711).shuffle(names)
        for name in names:
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / name, into / name)
            if "umask" in self.ways:
                (into / name).chmod(0o600)
            if "clock" in self.ways:
                os.utime(into / name, (1, 1))
        return into

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a command there, to its end."""
        home = self.top / "home"
        home.mkdir(exist_ok=True)
        env = {"PATH": os.environ["PATH"]}
        env |= {"HOME": str(home)} if "home" in self.ways else {}
        env |= {"TZ": "Pacific/Kiritimati"} if "zone" in self.ways else {}
        env |= {"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8"} if "locale" in self.ways else {}
        env |= {"PYTHONHASHSEED": "4711"} if "hash" in self.ways else {}
        pin = ["taskset", "--cpu-list", "0"] if "cpus" in self.ways else []
        umask = "umask 0077" if "umask" in self.ways else "umask 0022"
        return subprocess.run(
            [*self._walls(), *pin, "sh", "-c", f'{umask}; exec "$@"', "sh", *command],
            capture_output=True,
            text=True,
            check=False,
            env=env,
            cwd=self.top if "place" in self.ways else "/",
        )

    def _walls(self) -> list[str]:
        walls = ["bwrap", "--dev-bind", "/", "/", "--die-with-parent"]
        if "user" in self.ways:
            walls += ["--unshare-user", "--uid", "4711", "--gid", "4712"]
        if "clock" in self.ways:
            # All that starts there finds these two, whatever variables it is given.
            told, clock = self.top / "told", self.top / "clock"
            told.write_text(f"+{FOUR_HUNDRED_DAYS}\n")
            clock.write_text(f"{library()}\n")
            walls += ["--tmpfs", "/etc", "--ro-bind", str(told), "/etc/faketimerc"]
            walls += ["--ro-bind", str(clock), "/etc/ld.so.preload"]
        return walls


def library() -> Path:
    """Return what shifts the clock. Raises FileNotFoundError where it is not installed."""
    found = sorted(Path("/usr/lib").glob(_CLOCKS))
    if not found:
        raise FileNotFoundError("there is no libfaketime: apt-get install faketime")
    return found[0]
