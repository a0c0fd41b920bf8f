"""The trial of a release: `dist` points to it, and it has a try to prove itself.

Root's, of the package, and of no release. What cannot be read switches nothing, and keeps nobody from starting. Whoever
comes has the lock, and goes on where another was cut off: first why it comes back, then `dist`, then that it is back.
"""

import contextlib
import fcntl
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import Any

FIELDS = {"id": str, "state": str, "left": int, "configuration": str, "why": str, "boot": str}
LINKS = ("candidate", "previous")
SOABI = EXTENSION_SUFFIXES[0].strip(".").removesuffix(".so")
BOOT = Path("/proc/sys/kernel/random/boot_id")
DONE, CANNOT = 0, 30
PATIENCE = 10  # seconds; whoever has the lock has it for milliseconds


class Trial:
    """The latest trial of an environment, ours alone until we close `lock`; `record` is empty where there was none."""

    def __init__(self, environment: str, root: str = "") -> None:
        self.environment, self.root = environment, root
        self.home = Path(f"{root}/opt/pm-runner/{environment}")
        self.place = Path(f"{root}/var/lib/pm-runner/promote/{environment}")
        # Who could put a link into one of them, or in its place, would have root write elsewhere.
        for directory in (self.home, self.place):
            found = directory.lstat()
            if found.st_uid != os.geteuid() or found.st_mode & 0o022:  # as each link has
                raise PermissionError(f"others can write in {directory}")
        # Root's alone: what is on trial could hold a lock of a directory that it can read, and so its own way back.
        self.lock = os.open(self.place / "trial.lock", os.O_RDWR | os.O_NOFOLLOW)
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        self.record = self._read()

    def _read(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads((self.place / "trial.json").read_text())
            wrong = [name for name, kind in FIELDS.items() if type(found[name]) is not kind]
            wrong += [one for one in LINKS if Path(found[one]).name != found[one]]
            if wrong or found["format"] != 1:
                raise ValueError(f"format {found['format']}, {wrong}")  # noqa: TRY301 - said below
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, LookupError, TypeError, RecursionError) as exc:
            self.say(f"the trial cannot be read, so nothing is on trial: {exc!r}")
            return {}
        return found

    @property
    def runs(self) -> str:
        return (self.home / "dist").readlink().name

    @property
    def is_open(self) -> bool:
        return self.record.get("state") == "open"

    def say(self, text: str) -> None:
        sys.stderr.write(f"pm-runner: {self.environment}: {text}\n")

    def write(self, **changed: Any) -> None:
        """Write the record anew, whole and durable."""
        record = self.record | changed
        with _instead_of(self.place / "trial.json") as new, new.open("x") as file:
            os.fchmod(file.fileno(), 0o644)  # whatever the umask of the daemon's unit
            json.dump(record, file)
            file.flush()
            os.fsync(file.fileno())
        self.record = record

    def switch(self, name: str, link: str = "dist") -> None:
        """Have a link point to another release, by one rename."""
        with _instead_of(self.home / link) as new:
            new.symlink_to(f"releases/{name}")

    def lacks(self, name: str) -> str:
        """Say what a release lacks to be run here."""
        release = self.home / "releases" / name
        try:
            facts = json.loads((release / "release.json").read_text())
            there = [f"{at}/{name}" for at, _, names in os.walk(release / "lib") for name in names]
            found = [len(there), sum(os.lstat(path).st_size for path in there)]
            if facts["soabi"] != SOABI:
                return f"it is built for {facts['soabi']}, and this Python is {SOABI}"
            if found != [facts["files"], facts["bytes"]]:
                return "files of it are missing"
        except (OSError, ValueError, LookupError, TypeError) as exc:
            return repr(exc)
        return ""

    def return_to_previous(self, why: str) -> bool:
        """Return from a release on trial to the one before it; tell whether `dist` points to that now."""
        candidate, previous = self.record["candidate"], self.record["previous"]
        why = self.record["why"] or why
        if self.runs == candidate:
            if lacks := self.lacks(previous):
                self.say(f"cannot return from {candidate} to {previous}: {lacks}")
                return False
            with contextlib.suppress(OSError):  # no room to say why is no reason to stay
                self.write(left=0, why=why)
            self.switch(previous)
        elif self.runs != previous:
            self.say(f"somebody switched to {self.runs} while {candidate} was on trial")
            return False
        self.say(f"back on {previous}: {candidate} {why}")
        with contextlib.suppress(OSError):  # then whoever comes next does
            self.write(state="returned", left=0, why=why)
        return True


@contextlib.contextmanager
def _instead_of(place: Path) -> Iterator[Path]:
    """Lend a name beside one, and put what is made there in its place: all of it or nothing, and durably."""
    new = place.with_name(f".{place.name}.new")
    new.unlink(missing_ok=True)
    yield new
    new.rename(place)
    directory = os.open(place.parent, os.O_RDONLY)
    os.fsync(directory)
    os.close(directory)


def settle(trial: Trial) -> int:
    """Finish what somebody was cut off from; after a boot nobody watches a trial any more."""
    record = trial.record
    if trial.is_open and trial.runs == record["previous"]:
        trial.return_to_previous("was cut off in its promotion")
    elif trial.is_open and trial.runs != record["candidate"]:  # or nothing could be promoted again
        trial.write(state="returned", why=f"gave way to {trial.runs}, to which somebody switched")
    elif trial.is_open and (record["why"] or record["boot"] != BOOT.read_text().strip()):
        trial.return_to_previous("had not proved itself when the machine was started again")
    return DONE


def count(trial: Trial) -> int:
    """Before each start: take a try away, or return where none is left."""
    settle(trial)
    if not trial.is_open or trial.runs != trial.record["candidate"]:
        return DONE
    why = "was started, and did not prove itself"
    if (left := trial.record["left"]) > 0:
        try:
            trial.write(left=left - 1)
        except OSError as exc:
            why = f"had a try that cannot be written down: {exc}"
        else:
            return DONE
    trial.return_to_previous(why)
    return DONE


def attend(deed: Callable[[Trial], int], environment: str, root: str = "") -> int:
    """Do something about the trial of an environment; return the status to leave with."""
    signal.alarm(PATIENCE)
    try:
        return deed(Trial(environment, root))
    except OSError as exc:
        sys.stderr.write(f"pm-runner: {environment}: cannot see to the trial: {exc}\n")
        return CANNOT
