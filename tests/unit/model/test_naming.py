import pytest

from pmrunnerd.model.naming import ALIAS, ENVIRONMENT, Mint, kebab, number


def test_a_class_name_is_spelled_with_dashes() -> None:
    assert kebab("TaskCancelRequested") == "task-cancel-requested"


def test_identifiers_count_on_from_what_was_minted() -> None:
    mint = Mint({"t": 11})
    assert [mint("t"), mint("t"), mint("q"), mint("r", "4f2a")] == ["t12", "t13", "q1", "r1-4f2a"]


@pytest.mark.parametrize(("identifier", "count"), [("t12", 12), ("r7-beef", 7)])
def test_the_count_of_an_identifier_is_found_again(identifier: str, count: int) -> None:
    assert number(identifier) == count


@pytest.mark.parametrize("name", ["", "Prod", "9x", "a-b", "x" * 17, "a/b"])
def test_a_name_that_is_no_environment(name: str) -> None:
    assert not ENVIRONMENT.fullmatch(name)


@pytest.mark.parametrize("alias", ["demo", "my.app-2", "0x"])
def test_a_name_that_people_can_type_is_an_alias(alias: str) -> None:
    assert ALIAS.fullmatch(alias)
