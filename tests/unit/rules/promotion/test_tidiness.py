import pytest

from pmrunnerd.model.errand import Audited
from pmrunnerd.rules.promotion.tidiness import untidy

MANY = tuple(f"f{n}" for n in range(8))


def test_nothing_speaks_against_what_is_committed() -> None:
    assert list(untidy(Audited(branch="main", head="c"), "/w")) == []


@pytest.mark.parametrize(
    ("found", "said", "remedy"),
    [
        (Audited(branch="b", head="c", files=MANY), "f4 and 3 more", "git -C '/w x' status"),
        (Audited(branch="b", head="c", hidden=("a b",)), "not to look at a b", "'a b'"),
        (Audited(branch="b", head="c", half_done="a merge"), "a merge is half done", "status"),
        (Audited(head="c"), "no branch", "switch BRANCH"),
        (Audited(branch="b"), "no commit", "log"),
        (Audited(branch="b", head="c", shallow=True), "not whole", "fetch --unshallow"),
        (Audited(unknown=("git is damaged",)), "git is damaged", "status"),
    ],
)
def test_each_thing_is_said_with_what_helps(found: Audited, said: str, remedy: str) -> None:
    (only,) = untidy(found, "/w x")

    assert said in only[0]
    assert remedy in only[1]


def test_a_workspace_that_is_not_known_in_part_is_not_clean() -> None:
    found = Audited(branch="b", head="c", unknown=("submodule s",), files=("a",))

    assert len(list(untidy(found, "/w"))) == 2
