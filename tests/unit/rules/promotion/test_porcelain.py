import pytest

from pmrunnerd.rules.promotion.porcelain import NotUnderstood, Said, read

ID = "0123456789abcdef0123456789abcdef01234567"
CLEAN = f"# branch.oid {ID}\0# branch.head main\0"
SIX = "100644 100644 100644"


def test_a_clean_tree_has_a_commit_and_a_branch_and_nothing_else() -> None:
    assert read(CLEAN) == Said(branch="main", head=ID, files=())
    assert read(f"# branch.oid {ID}\0# branch.head (detached)\0").branch == ""
    assert read("# branch.oid (initial)\0# branch.head main\0").head == ""
    more = f"{CLEAN}# branch.upstream origin/main\0# branch.ab +1 -0\0# stash 2\0"
    assert read(more) == read(CLEAN)


@pytest.mark.parametrize(
    "record",
    [
        f"1 .M N... {SIX} {ID} {ID} a b\nc",
        f"1 A. N... {SIX} {ID} {ID} a b\nc",
        f"1 .M SC.. {SIX} {ID} {ID} a b\nc",
        f"u UU N... {SIX} 100644 {ID} {ID} {ID} a b\nc",
        "? a b\nc",
    ],
)
def test_every_change_is_listed_whatever_its_name(record: str) -> None:
    assert read(f"{CLEAN}{record}\0").files == ("a b\nc",)


@pytest.mark.parametrize(
    "text",
    [
        "",
        CLEAN[:-1],
        "# branch.head main\0? x\0",
        f"# branch.oid {ID}\0",
        f"{CLEAN}# branch.oid {ID}\0",
        "# branch.oid 0123\0# branch.head main\0",
        f"{CLEAN}\0",
        f"{CLEAN}! ignored\0",
        f"{CLEAN}2 R. N... {SIX} {ID} {ID} R100 new\0old\0",
        f"{CLEAN}1 .M N... {SIX} {ID} name\0",
        f"{CLEAN}1 .M\0",
        f"{CLEAN}x\0",
        f"{CLEAN}? \0",
    ],
)
def test_what_is_not_understood_is_no_clean_tree(text: str) -> None:
    with pytest.raises(NotUnderstood):
        read(text)
