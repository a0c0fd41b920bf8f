import pytest

from pmrunnerd.rules.source import trees
from pmrunnerd.rules.source.trees import Item, Malformed, Mode

ID = b"\x12" * 20


def test_a_tree_says_its_entries_for_either_hash() -> None:
    for width in (20, 32):
        tree = b"100644 a b\n\0" + b"\x12" * width + b"40000 d\0" + b"\x00" * width

        assert trees.items(tree, width) == [
            Item(Mode.FILE, b"a b\n", "12" * width),
            Item(Mode.TREE, b"d", "00" * width),
        ]
    assert trees.items(b"", 20) == []


@pytest.mark.parametrize(
    ("tree", "why"),
    [
        (b"100644 a\0" + ID[:-1], "no entry at byte 0"),
        (b"100644 a\0" + ID + b"x", "no entry at byte 29"),
        (b"100644 a" + ID, "no entry at byte 0"),
        (b"999 a\0" + ID, "no entry at byte 0"),
        (b"100777 a\0" + ID, "mode 100777 is of no kind"),
        (b"020000 a\0" + ID, "mode 020000 is of no kind"),
        (b"100644 a\0" + ID + b"40000 a\0" + ID, "a name stands in it twice"),
    ],
)
def test_what_is_no_tree_is_said_to_be_none(tree: bytes, why: str) -> None:
    with pytest.raises(Malformed, match=why):
        trees.items(tree, 20)
