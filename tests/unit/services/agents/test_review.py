"""What is found in work that is said to be done."""

import pytest

from pmrunnerd.model.entities import Purpose
from pmrunnerd.services.agents.review import MOST, Result, expected, findings
from pmrunnerd.services.changes import Changes


def changed(*paths: str, marked: tuple[str, ...] = ()) -> Changes:
    return Changes(frozenset(paths), marked)


def test_work_that_is_as_it_was_said_has_no_findings() -> None:
    result = Result("done", ("a", "./b"))

    assert findings(result, changed("a", "b"), {"a", "./b"}, "a") == ()


def test_a_claimed_file_that_is_not_there_is_found() -> None:
    found = findings(Result("done", ("a", "b")), changed("a"), {"a"}, "")

    assert found == ("b is said to be changed, and is not there",)


def test_an_empty_diff_where_the_plan_promises_one_is_found() -> None:
    found = findings(Result("done"), changed(), set(), "a, b")

    assert found == ("nothing was changed, where the plan expects a, b to be",)


def test_what_lies_uncommitted_in_a_submodule_is_found_and_is_no_empty_diff() -> None:
    found = findings(Result("done"), Changes(frozenset(), (), inside=("library/new",)), set(), "a")

    assert found == ("library/new is in a submodule, and no commit has it: commit it there",)


def test_an_empty_diff_where_nobody_expects_one_is_fine() -> None:
    assert findings(Result("it is 5"), changed(), set(), "") == ()


@pytest.mark.parametrize(
    ("files", "purpose", "words"),
    [
        ((), None, ""),
        ((), Purpose.CODE, "code"),
        ((), Purpose.RESEARCH, ""),
        (("a", "b"), None, "a, b"),
        (("a", "b"), Purpose.TESTS, "a, b"),
        (("a", "b"), Purpose.RESEARCH, ""),
        (("f",) * 22, Purpose.DOCS, ", ".join(["f"] * 20) + " and 2 more"),
    ],
)
def test_a_plan_expects_what_it_names_or_what_the_task_is_for_and_of_research_nothing(
    files: tuple[str, ...], purpose: Purpose | None, words: str
) -> None:
    assert expected(files, purpose) == words


def test_work_that_is_left_for_later_is_found() -> None:
    found = findings(Result("done"), changed("a", marked=("a: # TODO",)), set(), "")

    assert found == ("work is left for later in a: # TODO",)


def test_a_repository_that_was_made_in_the_work_is_found() -> None:
    (found,) = findings(Result("done"), Changes(frozenset("a"), (), ("sub/",)), set(), "")

    assert found == "sub/ is a git repository of its own, which no commit can have: remove its .git"


def test_of_very_many_findings_a_few_are_told() -> None:
    claims = tuple(f"f{number}" for number in range(50))

    assert len(findings(Result("done", claims), changed(), set(), "")) == MOST
