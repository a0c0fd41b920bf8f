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


def test_a_tail_is_torn_only_if_nothing_whole_follows_in_it() -> None:
    assert is_torn(LINE[:-1])
    assert is_torn(LINE[:20])
    assert is_torn(b"\0" * 4096)
    assert is_torn(LINE[:20] + b"\0" * 512 + LINE[40:]), "a page of the group was not written"
    assert is_torn(LINE[:20] + b"\0" * 512 + LINE[40:] + LINE[:30]), "nor was its end"
    assert not is_torn(LINE[:20] + b"\n"), "what has its end was written to its end"
    assert not is_torn(LINE.replace(b"hello", b"he\0lo")), "one byte is no page"
    assert not is_torn(LINE[:20] + b"\0" * 512 + LINE[40:] + LINE), "a whole one may be promised"
    assert not is_torn(LINE[:20] + LINE), "a line lost its end and a whole one follows"
    assert not is_torn(LINE[:20] + b"\n" + LINE[:30]), "two bad lines are not one crash"


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
