import errno
from pathlib import Path

from pmrunnerd.store.batch import Batch, encode
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.tail import cut, is_torn
from tests.unit.store.parts import AT, SmallDisk, said

LINE = encode(Batch(seq=7, at=AT, facts=(said(1),)))


def cut_off(disk: Disk, directory: Path, content: bytes, tail: bytes) -> bytes:
    """Cut the tail of a segment and return what is left of it."""
    segment = directory / "segment"
    segment.write_bytes(content + tail)
    file = disk.open(segment)
    cut(disk, file, tail, directory / "aside" / "tail")
    disk.close(file)
    return segment.read_bytes()


def torn(tail: bytes, *, offset: int = 0, seq: int = 7) -> bool:
    return is_torn(tail, offset, seq)


HOLE = b"\0" * 1024


def test_a_tail_is_torn_only_if_nothing_whole_follows_in_it_that_may_be_promised() -> None:
    assert torn(LINE[:-1])
    assert torn(LINE[:20])
    assert torn(b"\0" * 4096)
    assert torn(LINE[:20] + HOLE + LINE[40:]), "a sector of the group was not written"
    assert torn(LINE[:20] + HOLE + LINE[40:] + LINE[:30]), "nor was its end"
    assert not torn(LINE[:20] + b"\n"), "what has its end was written to its end"
    assert not torn(LINE.replace(b"hello", b"he\0lo")), "one byte is no sector"
    assert not torn(LINE[:20] + HOLE + LINE[40:] + LINE), "a whole one may be promised"
    assert not torn(LINE[:20] + LINE), "a line lost its end and a whole one follows"
    assert not torn(LINE[:20] + b"\n" + LINE[:30]), "two bad lines are not one crash"


def marked(seq: int, mark: int) -> bytes:
    return encode(Batch(seq=seq, at=AT, facts=(said(seq),), mark=mark))


def test_whole_lines_behind_a_hole_are_torn_too_if_they_were_made_before_it_was_durable() -> None:
    hole = LINE[:20] + HOLE + LINE[40:]
    assert torn(hole + marked(8, 6) + marked(9, 6))
    assert torn(LINE[:20] + HOLE + marked(8, 6)), "the hole took the line end with it"
    assert not torn(hole + marked(8, 6) + marked(9, 7)), "commit 7 was durable"
    assert not torn(hole + marked(8, 8))
    assert not torn(LINE[:20] + HOLE + marked(8, 7))
    assert not torn(LINE[:20] + b"\n" + marked(8, 6)), "without a hole it was written"


def test_a_hole_is_a_sector_or_what_the_tail_has_of_it() -> None:
    line, end = LINE[:20], LINE[40:]
    assert torn(b"\0" * 12 + end, offset=500), "the first sector had durable bytes before"
    assert not torn(b"\0" * 11 + end, offset=500)
    assert not torn(b"\0" * 13 + end, offset=498)
    assert torn(line + b"\0" * (492 + 512) + end, offset=0)
    assert not torn(line + b"\0" * (491 + 511) + end, offset=0)
    assert not torn(line + b"\0" * 511 + end, offset=512 - 21)
    assert torn(line + b"\0" * 513 + end, offset=512 - 21)


def test_a_tail_is_kept_before_it_is_cut(tmp_path: Path) -> None:
    class Uncuttable(Disk):
        def truncate(self, file: int, size: int) -> None:
            assert (tmp_path / "aside" / "tail").read_bytes() == b"torn"
            super().truncate(file, size)

    assert cut_off(Uncuttable(), tmp_path, b"whole", b"torn") == b"whole"


def test_on_a_full_disk_the_cut_makes_the_room_to_keep_the_tail(tmp_path: Path) -> None:
    class FullUntilCut(Disk):
        cut = False

        def truncate(self, file: int, size: int) -> None:
            self.cut = True
            super().truncate(file, size)

        def write_at(self, file: int, data: bytes | memoryview, offset: int) -> int:
            if not self.cut:
                raise OSError(errno.ENOSPC, "No space left on device")
            return super().write_at(file, data, offset)

    assert cut_off(FullUntilCut(), tmp_path, b"whole", b"torn") == b"whole"
    assert (tmp_path / "aside" / "tail").read_bytes() == b"torn"


def test_a_disk_without_any_room_does_not_keep_the_rest_from_being_read(tmp_path: Path) -> None:
    assert cut_off(SmallDisk(room=0), tmp_path, b"whole", b"torn") == b"whole"
    assert list((tmp_path / "aside").iterdir()) == []
