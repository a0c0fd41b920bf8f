import pytest

from pmrunnerd.rules.gates.makefile import has_target


@pytest.mark.parametrize(
    "text",
    [
        "gate-all:\n\ttrue\n",
        "gate-all: lint test\n",
        "lint gate-all test: x\n",
        "gate-all :: x\n",
        "gate-all:; true\n",
        ".PHONY: gate-all\ngate-all:\n",
        "lint \\\n gate-all: x\n",
        "define X\ngate\nendef\ngate-all:\n",
        "gate-all: CFLAGS = -O2\ngate-all:\n",
        "gate-all:\r\n\ttrue\r\n",
    ],
)
def test_a_rule_for_the_target_is_found(text: str) -> None:
    assert has_target(text, "gate-all")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# gate-all: the gates\n",
        "all:\n\tmake gate-all\n",
        "all:\n\tgate-all: x\n",
        "all: gate-all\n",
        ".PHONY: gate-all\n",
        "gate-all = x\n",
        "gate-all := x\n",
        "gate-all ::= x\n",
        "gate-all:::= x\n",
        "gate-all-more:\n",
        "my-gate-all:\n",
        "define HELP\ngate-all: runs the gates\nendef\n",
        "define HELP\ngate-all: is never ended\n",
        "x = \\\ngate-all: y\n",
        "# a comment \\\ngate-all:\n",
    ],
)
def test_a_text_that_only_mentions_the_target_makes_nothing(text: str) -> None:
    assert not has_target(text, "gate-all")
