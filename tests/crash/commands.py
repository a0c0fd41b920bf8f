"""Commands that work on a state or on an archive themselves, to be killed and lied to by strace."""

import io
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from pmrunnerctl.durably import written
from pmrunnerctl.exits import Exit
from pmrunnerctl.transfer import fetch
from pmrunnerctl.where import Place as Where
from pmrunnerd.store.archive import write_archive
from pmrunnerd.store.backup import Origin, backup
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.restore import check as look_at
from pmrunnerd.store.restore import restore
from tests.crash.archiving import ARCHIVE, QUIET
from tests.crash.operations import settled, texts_of
from tests.crash.traced import LEASH, PATIENCE, Traced, nothing_left
from tests.crash.tracing import Injection, tracing
from tests.integration.daemon import environment
from tests.unit.store.archives import archived
from tests.unit.store.damage import cut_at_its_end, everything, flip, messages, segments, state
from tests.unit.store.parts import AT, RELEASE
from tests.unit.store.test_repair import mend
from tests.unit.store.test_restore import other

HERE: Final = Origin(AT, RELEASE)
# How a command may end that the disk has lied to: it is done, or it says that it could not be.
SAID: Final = {Exit.OK, Exit.UNAVAILABLE}


class Command(NamedTuple):
    """What is there before, what is asked, where the calls are that matter, what is true after."""

    prepare: Callable[[Path], object]
    words: tuple[str, ...]
    root: str
    check: Callable[[Path, Path, int], None]
    has_a_daemon: bool = False
    every: int = 1


class Ended(NamedTuple):
    """How a command ended, whether strace had it killed, and whether strace had lied to it."""

    status: int
    was_killed: bool
    was_lied_to: bool


def run(command: Command, base: Path, to: Path, injection: Injection | None) -> Ended:
    """Run a command once on a copy of what is there, and check what is there then."""
    shutil.copytree(base, to, ignore=shutil.ignore_patterns("*.sock", "test.log"))
    with Traced(to / "state") as daemon:
        if command.has_a_daemon:
            daemon.start()
        ended = _run(command, to, injection)
        if injection is not None and not ended.was_killed:
            assert ended.status in SAID
        command.check(base, to, ended.status)
    return ended


def trace_of(directory: Path) -> Path:
    return directory / "command.trace"


def _run(command: Command, directory: Path, injection: Injection | None) -> Ended:
    trace = trace_of(directory)
    where = ("--socket", "@state/control.sock") if command.has_a_daemon else ()
    with nothing_left(directory / "state" / "nobody"):
        done = subprocess.run(
            [
                *(*LEASH, *tracing(trace, directory / command.root, injection), "-D"),
                *(sys.executable, "-m", "pmrunnerctl"),
                *(word.replace("@", f"{directory}/") for word in (*where, *command.words)),
            ],
            env=environment(directory),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    told = trace.read_text()
    was_killed = "killed by SIGKILL" in told
    assert "Traceback" not in done.stderr, done.stderr
    assert was_killed or "this is a bug" not in done.stderr, done.stderr
    return Ended(done.returncode, was_killed, "(INJECTED)" in told)


# Repair


def damaged(directory: Path) -> None:
    flip(segments(state(directory / "state"))[1], 1)
    cut_at_its_end(directory / "state")


def is_repaired_by_the_next_one(base: Path, directory: Path, status: int) -> None:
    here, whole = directory / "state", directory / "whole"
    if status == Exit.OK:
        messages(here)
    mend(here)
    shutil.copytree(base / "state", whole)
    mend(whole)
    assert messages(here) == messages(whole)
    originals = {path.read_bytes() for path in segments(base / "state")}
    assert originals <= set(everything(here).values())


# Restore


def to_be_restored(directory: Path) -> None:
    other(directory / "state")
    (directory / ARCHIVE).write_bytes(archived(state(directory / "one")))


def is_old_or_new(base: Path, directory: Path, status: int) -> None:
    here = directory / "state"
    old, new = messages(base / "state"), messages(base / "one")
    found = messages(here)
    assert found in (old, new)
    assert found == new or status != Exit.OK
    assert not (here / "restore").exists()
    restore(Disk(), here, io.BytesIO((directory / ARCHIVE).read_bytes()), HERE)
    assert messages(here) == new
    originals = {data for name, data in everything(base / "state").items() if "journal" in name}
    assert originals <= set(everything(here).values())


# Backup


def to_be_backed_up(directory: Path) -> None:
    settled(directory, "one", "two")
    (directory / "out").mkdir()


def is_whole_if_it_is_there(_: Path, directory: Path, status: int) -> None:
    archive = directory / "out" / ARCHIVE
    assert archive.exists() or status != Exit.OK
    if archive.exists():
        _check_whole(archive, directory / "first")


def _check_whole(archive: Path, scratch: Path) -> None:
    scratch.mkdir()
    with archive.open("rb") as source:
        look_at(Disk(), source, scratch, HERE)
    assert texts_of(scratch) == ["one", "two"]
    assert [path.name for path in archive.parent.iterdir()] == [archive.name]


def is_whole_and_made_again(base: Path, directory: Path, status: int) -> None:
    is_whole_if_it_is_there(base, directory, status)
    archive = directory / "out" / ARCHIVE
    here = directory / "state"
    write_archive(Disk(), archive, lambda out: backup(Disk(), here, out, HERE), force=True)
    _check_whole(archive, directory / "again")


def is_whole_and_sent_again(base: Path, directory: Path, status: int) -> None:
    is_whole_if_it_is_there(base, directory, status)
    archive = directory / "out" / ARCHIVE
    with written(archive, force=True) as file:
        fetch(Where(directory / "state" / "control.sock", ""), file, QUIET)
    _check_whole(archive, directory / "again")


_OUT: Final = f"@out/{ARCHIVE}"
_STATE: Final = ("--state-dir", "@state")
COMMANDS: Final[Mapping[str, Command]] = {
    "repair": Command(
        damaged,
        ("state", "repair", "--yes", *_STATE),
        "state",
        is_repaired_by_the_next_one,
        every=8,
    ),
    "restore": Command(
        to_be_restored,
        ("state", "restore", f"@{ARCHIVE}", *_STATE),
        "state",
        is_old_or_new,
        every=24,  # a daemon's restore does the same
    ),
    "backup": Command(
        to_be_backed_up,
        ("state", "backup", _OUT, *_STATE),
        "out",
        is_whole_and_made_again,
        every=4,
    ),
    "backup from a daemon": Command(
        to_be_backed_up,
        ("state", "backup", _OUT),
        "out",
        is_whole_and_sent_again,
        has_a_daemon=True,
        every=4,
    ),
}
