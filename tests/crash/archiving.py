"""A daemon's state that goes out as an archive, or comes in as one, while strace kills it or lies to it."""

import io
from pathlib import Path
from typing import Final

from pmrunnerctl.client import Client
from pmrunnerctl.durably import written
from pmrunnerctl.exits import Cannot
from pmrunnerctl.render import Screen
from pmrunnerctl.transfer import Progress, fetch, send
from pmrunnerctl.where import Place
from pmrunnerd.model import protocol as p
from pmrunnerd.store.backup import Origin
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.restore import check as look_at
from tests.crash.diary import Diary
from tests.crash.operations import as_told, messages, same_answers, settled, texts_of, until
from tests.crash.traced import Traced
from tests.unit.store.archives import archived
from tests.unit.store.parts import AT, RELEASE

ARCHIVE: Final = "archive.tar.gz"
# How often an archive may not come or go because of what strace does, once.
TRIES: Final = 5
RESTORED: Final = ["restored 1", "restored 2"]
QUIET: Final = Progress(Screen(io.StringIO(), colour=False, columns=None), "")


# Backup


def with_something_aside(directory: Path) -> None:
    settled(directory)
    aside = directory / "state" / "set-aside"
    aside.mkdir(mode=0o700)
    (aside / "kept").write_text("as it was")


def back_up(daemon: Traced, diary: Diary) -> None:
    diary.change(p.ChatSend(project="demo", text="one"))
    archive = daemon.home / ARCHIVE
    for _ in range(TRIES):
        try:
            with written(archive, force=False) as file:
                fetch(Place(daemon.socket, ""), file, QUIET)
            break
        except Cannot:
            assert not archive.exists()
            diary.look(p.Status())
    diary.change(p.ChatSend(project="demo", text="two"))


def whole(daemon: Traced, diary: Diary) -> None:
    """The archive has all that was acknowledged before it was asked for, and is a state."""
    as_told(daemon, diary)
    scratch = daemon.home / "scratch"
    scratch.mkdir()
    with (daemon.home / ARCHIVE).open("rb") as archive:
        look_at(Disk(), archive, scratch, Origin(AT, RELEASE))
    assert texts_of(scratch) == ["before", "one"]
    assert (scratch / "set-aside" / "kept").read_text() == "as it was"


# Restore


def with_an_archive(directory: Path) -> None:
    """Make a state, and an archive of another one."""
    settled(directory)
    settled(directory / "other", *RESTORED)
    (directory / ARCHIVE).write_bytes(archived(directory / "other" / "state"))


def restore(daemon: Traced, diary: Diary) -> None:
    diary.change(p.ChatSend(project="demo", text="one"))
    old = ["before", "one"]
    for _ in range(TRIES):
        try:
            with daemon.client() as client:
                _send(client, daemon.home / ARCHIVE)
        except Cannot:
            # It was not told what became of it, so it may be one or the other.
            found = messages(daemon)
            assert found in (old, RESTORED)
        else:
            # From now on it is the new state, whoever comes back on it.
            until(lambda: messages(daemon) == RESTORED)
            found = RESTORED
        if found == RESTORED:
            break
    diary.asked.clear()
    diary.change(p.ChatSend(project="demo", text="after"))


def _send(client: Client, archive: Path) -> None:
    with archive.open("rb") as source:
        send(client, source, QUIET, force=False)


def is_the_new_one(daemon: Traced, diary: Diary) -> None:
    """The new state went on, and the old one is whole in set-aside."""
    assert messages(daemon) == [*RESTORED, "after"]
    same_answers(daemon, diary)
    aside = list((daemon.state / "set-aside").glob("*-before-restore*"))
    assert ["before", "one"] in [texts_of(path) for path in aside]
    assert not (daemon.state / "restore").exists()
