import asyncio
import errno
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from pmrunnerd.api.uploads import Uploads
from pmrunnerd.model.errors import BadRequest, Refused, Unavailable
from pmrunnerd.store.backup import Origin
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.failures import BadArchive
from tests.unit.api.desks import AT, until
from tests.unit.shortage import no_descriptors
from tests.unit.store.archives import archived
from tests.unit.store.damage import everything, messages, state
from tests.unit.store.parts import opened
from tests.unit.store.test_restore import other

HERE = Origin(AT, "0.1.0", "dev")
Story = Callable[[Uploads, Path, bytes], Awaitable[None]]


def lived(tmp_path: Path, story: Story, uploads: Uploads | None = None) -> Path:
    """Live a story beside a daemon that has a state, and return the state's directory."""
    archive = archived(state(tmp_path / "one"))
    here = other(tmp_path / "two")

    async def live() -> None:
        with opened(here):
            await story(uploads or Uploads(), here, archive)

    asyncio.run(live())
    return here


def test_what_came_in_pieces_is_restored_at_the_next_opening(tmp_path: Path) -> None:
    async def story(uploads: Uploads, here: Path, archive: bytes) -> None:
        for at in range(0, len(archive), 100):
            await uploads.take(here, "anna", "u", at, archive[at : at + 100])
            await uploads.take(here, "anna", "u", at, archive[at : at + 100])
        plan = await uploads.restore(here, "u", HERE, force=False)
        again = await uploads.restore(here, "u", HERE, force=False)
        assert again == plan
        assert plan.restored.commits == 10

    assert messages(lived(tmp_path, story)) == messages(tmp_path / "one")


def test_a_second_archive_is_refused_while_one_is_on_its_way(tmp_path: Path) -> None:
    async def story(uploads: Uploads, here: Path, archive: bytes) -> None:
        await uploads.take(here, "anna", "u", 0, archive[:100])
        with pytest.raises(Refused, match="anna sends another one"):
            await uploads.take(here, "bert", "v", 0, archive)
        with pytest.raises(Refused, match="anna sends another one"):
            await uploads.restore(here, "v", HERE, force=False)
        assert await uploads.take(here, "anna", "u", 100, archive[100:]) == len(archive)

    lived(tmp_path, story)


def test_one_that_does_not_go_on_is_forgotten(tmp_path: Path) -> None:
    async def story(uploads: Uploads, here: Path, archive: bytes) -> None:
        await uploads.take(here, "anna", "u", 0, archive[:100])
        assert (here / "restore").exists()
        await until(lambda: not (here / "restore").exists())
        with pytest.raises(Refused, match="nothing came for"):
            await uploads.take(here, "anna", "u", 100, archive[100:])
        await uploads.take(here, "bert", "v", 0, archive)

    lived(tmp_path, story, Uploads(idle=0.01))


def test_a_piece_that_is_missing_is_said_to_be(tmp_path: Path) -> None:
    async def story(uploads: Uploads, here: Path, archive: bytes) -> None:
        await uploads.take(here, "anna", "u", 0, archive[:100])
        with pytest.raises(BadRequest, match="100 bytes are here"):
            await uploads.take(here, "anna", "u", 200, archive[200:])

    lived(tmp_path, story)


def test_what_is_no_archive_changes_nothing_and_another_one_may_come(tmp_path: Path) -> None:
    async def story(uploads: Uploads, here: Path, archive: bytes) -> None:
        before = everything(here)
        await uploads.take(here, "anna", "u", 0, b"hello")
        with pytest.raises(BadArchive):
            await uploads.restore(here, "u", HERE, force=False)
        assert everything(here) == before
        await uploads.take(here, "anna", "v", 0, archive)
        await uploads.restore(here, "v", HERE, force=False)

    assert messages(lived(tmp_path, story)) == messages(tmp_path / "one")


def test_once_one_is_to_be_restored_no_other_comes(tmp_path: Path) -> None:
    async def story(uploads: Uploads, here: Path, archive: bytes) -> None:
        await uploads.take(here, "anna", "u", 0, archive)
        await uploads.restore(here, "u", HERE, force=False)
        with pytest.raises(Unavailable, match="another one is being restored"):
            await uploads.take(here, "bert", "v", 0, archive)

    assert messages(lived(tmp_path, story)) == messages(tmp_path / "one")


@pytest.mark.parametrize("free", [0, 1 << 60])
def test_where_there_is_no_room_it_is_forgotten_and_said(tmp_path: Path, free: int) -> None:
    class Full(Disk):
        def free(self, directory: Path) -> int:
            del directory
            return free

        def write_at(self, file: int, data: bytes | memoryview, offset: int) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    async def story(uploads: Uploads, here: Path, archive: bytes) -> None:
        with pytest.raises(Unavailable, match="No space left"):
            await uploads.take(here, "anna", "u", 0, archive)
        assert not (here / "restore").exists()

    lived(tmp_path, story, Uploads(Full()))


def test_without_descriptors_what_is_forgotten_is_said_in_words_and_goes_with_the_next(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(uploads: Uploads, here: Path, archive: bytes) -> None:
        await uploads.take(here, "anna", "u", 0, archive[:100])
        with no_descriptors():
            await until(lambda: "cannot take away" in caplog.text)
            with pytest.raises(Unavailable, match="cannot take the archive: Too many open") as told:
                await uploads.take(here, "anna", "v", 0, archive)
        assert "ulimit -n" in str(told.value.hint)
        assert (here / "restore" / "archive.tar.gz").exists()
        await uploads.take(here, "anna", "v", 0, archive)
        with no_descriptors(), pytest.raises(Unavailable, match="Too many open files"):
            await uploads.restore(here, "v", HERE, force=False)
        await uploads.take(here, "anna", "w", 0, archive)
        await uploads.restore(here, "w", HERE, force=False)

    assert messages(lived(tmp_path, story, Uploads(idle=0.05))) == messages(tmp_path / "one")
    [said] = [record for record in caplog.records if "cannot take away" in record.getMessage()]
    assert said.getMessage().endswith(": Too many open files")
    assert said.exc_info is None
