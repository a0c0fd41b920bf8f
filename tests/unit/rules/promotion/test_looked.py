from msgspec.structs import replace

from tests.unit.rules.promotion.premises import LOOKED, NEW, OLD, RECORD, TREE, release


def test_the_release_is_the_latest_whose_very_tree_the_gates_were_given() -> None:
    again = release("1.2-" + "c" * 12)

    assert LOOKED.release == NEW
    assert replace(LOOKED, releases=(NEW, again, OLD)).release == again
    assert replace(LOOKED, releases=(OLD,)).release is None


def test_there_is_none_where_the_gates_were_given_none() -> None:
    assert TREE
    assert replace(LOOKED, record=replace(RECORD, build="")).release is None
    assert replace(LOOKED, record=None).release is None
