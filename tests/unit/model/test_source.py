import msgspec

from pmrunnerd.model.source import BOUNDS, Change, Changed, Extracted


def test_what_is_told_of_a_source_can_be_written_and_read_back() -> None:
    for one in (
        Extracted(commit="c", tree="t", digest="d", files=1, bytes=2),
        Changed(path="a\nb", kind=Change.ADDED, added=3),
    ):
        assert msgspec.json.decode(msgspec.json.encode(one), type=type(one)) == one


def test_a_path_leaves_room_for_the_directory_in_which_a_source_lies() -> None:
    assert BOUNDS.path < 4095
    assert 2 * BOUNDS.depth < BOUNDS.path, "each directory takes a letter and a slash"
