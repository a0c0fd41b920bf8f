import asyncio
from collections.abc import Sequence
from pathlib import Path

from pmrunnerd.store.batch import Batch, encode
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.failures import StoreFailed
from pmrunnerd.store.journal import Journal, Written
from pmrunnerd.store.writer import Writer
from tests.unit.store.parts import AT, SmallDisk, WaitingDisk, said


def line(seq: int) -> bytes:
    return encode(Batch(seq=seq, at=AT, facts=(said(seq),)))


def a_journal(directory: Path, disk: Disk) -> Journal:
    journal = Journal(directory / "journal", disk)
    list(journal.replay(at_least=0, aside=directory, at=AT))
    return journal


def test_the_loop_goes_on_while_the_disk_works(tmp_path: Path) -> None:
    async def story() -> Written | None:
        disk, done = WaitingDisk(), asyncio.Event()
        journal = a_journal(tmp_path, disk)
        writer = Writer(journal)
        writer.start(asyncio.get_running_loop(), done.set)
        disk.hold()
        writer.submit([line(1), line(2)])
        await disk.was_asked()
        assert writer.result() is None
        disk.let.set()
        await done.wait()
        outcome = writer.result()
        writer.stop()
        journal.close()
        return outcome

    outcome = asyncio.run(story())

    assert outcome is not None
    assert len(outcome.places) == 2


def test_what_was_submitted_is_written_before_the_thread_ends(tmp_path: Path) -> None:
    async def story() -> Written | None:
        journal = a_journal(tmp_path, Disk())
        writer = Writer(journal)
        writer.start(asyncio.get_running_loop(), lambda: None)
        writer.submit([line(1)])
        writer.stop()
        writer.stop()
        journal.close()
        return writer.result()

    outcome = asyncio.run(story())

    assert outcome is not None
    assert outcome.error is None


def test_an_outcome_is_kept_when_the_loop_is_gone(tmp_path: Path) -> None:
    loop = asyncio.new_event_loop()
    journal = a_journal(tmp_path, Disk())
    writer = Writer(journal)
    writer.start(loop, lambda: None)
    loop.close()
    writer.submit([line(1)])
    writer.stop()
    journal.close()

    outcome = writer.result()
    assert outcome is not None
    assert len(outcome.places) == 1


def test_a_bug_in_the_thread_is_an_outcome_and_hangs_nobody(tmp_path: Path) -> None:
    class Buggy(Journal):
        def append(self, group: Sequence[bytes]) -> Written:
            raise ZeroDivisionError(len(group))

    async def story() -> Written | None:
        writer, done = Writer(Buggy(tmp_path, Disk())), asyncio.Event()
        writer.start(asyncio.get_running_loop(), done.set)
        writer.submit([line(1)])
        await done.wait()
        outcome = writer.result()
        writer.stop()
        return outcome

    outcome = asyncio.run(story())

    assert outcome is not None
    assert isinstance(outcome.error, StoreFailed)
    assert "bug" in str(outcome.error)


def test_behind_a_group_that_failed_nothing_is_written_until_that_is_forgotten(
    tmp_path: Path,
) -> None:
    disk = SmallDisk(room=len(line(1)))
    journal = a_journal(tmp_path, disk)

    async def story() -> list[tuple[int, bool]]:
        woken = asyncio.Event()
        writer = Writer(journal)
        writer.start(asyncio.get_running_loop(), woken.set)
        outcomes: list[tuple[int, bool]] = []
        for group in ([line(1)], [line(2)], [line(3)]):
            writer.submit(group)
        while len(outcomes) < 2:
            await woken.wait()
            woken.clear()
            while (outcome := writer.result()) is not None:
                outcomes.append((len(outcome.places), outcome.error is not None))
        disk.room = 10_000
        writer.forget()
        writer.submit([line(2)])
        writer.stop()
        last = writer.result()
        assert last is not None
        return [*outcomes, (len(last.places), last.error is not None)]

    assert asyncio.run(story()) == [(1, False), (0, True), (1, False)]
    assert journal.path(1).read_bytes() == line(1) + line(2)
    journal.close()
