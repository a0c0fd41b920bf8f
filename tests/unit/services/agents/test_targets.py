"""On what a tool is used, in one line."""

from pmrunnerd.services.agents.targets import short, target


def test_an_input_that_names_nothing_has_no_target() -> None:
    assert target({}) == ""
    assert target({"command": "", "other": "x"}) == ""


def test_the_target_of_a_tool_is_the_first_thing_that_names_one() -> None:
    assert target({"description": "d", "command": "ls"}) == "ls"


def test_what_is_too_long_is_cut_and_says_so() -> None:
    assert short("x" * 401) == "x" * 399 + "…"
    assert short("x" * 400) == "x" * 400
