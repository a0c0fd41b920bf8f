import pytest

from pmrunnerd.rules.source import commits
from pmrunnerd.rules.source.commits import Commit
from pmrunnerd.rules.source.trees import Malformed

TREE, ONE, TWO = ("1" * 40, "2" * 40, "3" * 40)
HEAD = f"tree {TREE}\nparent {ONE}\nparent {TWO}\nauthor Anna <a@b> 1700000000 +0100\n".encode()


def test_a_commit_says_its_tree_parents_author_and_first_line() -> None:
    signed = b"gpgsig -----BEGIN\n tree x\n parent y\n"
    made = commits.parse(HEAD + signed + b"\n  first \nsecond\n\ntree of words\n")

    assert made == Commit(TREE, (ONE, TWO), "Anna <a@b>", "first")


@pytest.mark.parametrize(
    "commit",
    [
        b"",
        b"tree x\n\nhello",
        b"\ntree " + TREE.encode(),
        b"tree " + b"1" * 41 + b"\n\n",
    ],
)
def test_what_says_no_tree_is_no_commit(commit: bytes) -> None:
    with pytest.raises(Malformed):
        commits.parse(commit)


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        (b"ISO-8859-1", "caf\xe9"),
        (b"none", "caf\\xe9"),
        (b"hex", "caf\\xe9"),
        (b"\xff", "caf\\xe9"),
    ],
)
def test_a_commit_in_another_encoding_is_text_all_the_same(encoding: bytes, shown: str) -> None:
    assert commits.parse(HEAD + b"encoding " + encoding + b"\n\ncaf\xe9\n").subject == shown
    assert commits.parse(HEAD + b"\ncaf\xe9\n").subject == "caf\\xe9"


def test_a_commit_without_words_or_author_has_none() -> None:
    assert commits.parse(f"tree {TREE}\n\n".encode()) == Commit(TREE, (), "", "")
