import time

import pytest

from pmrunnerd.rules.gates.globs import LONGEST, problem, select, taken


@pytest.mark.parametrize(
    ("pattern", "takes", "leaves"),
    [
        ("*.py", ["a.py", "deep/er/a.py"], ["a.pyc", "py", "a.py.txt"]),
        ("/*.py", ["a.py"], ["deep/a.py"]),
        ("docs", ["docs", "docs/a", "x/docs/b/c"], ["docs2/a", "mydocs"]),
        ("docs/", ["docs/a", "x/docs/b"], ["docs", "x/docs"]),
        ("src/*.c", ["src/a.c"], ["src/x/a.c", "y/src/a.c"]),
        ("src/**", ["src/a", "src/a/b"], ["src", "y/src/a"]),
        ("src/**/t.py", ["src/t.py", "src/a/b/t.py"], ["src/t.pyc", "t.py"]),
        ("**/t.py", ["t.py", "a/t.py"], ["at.py"]),
        ("a?c", ["abc", "x/a-c"], ["ac", "a/c", "abbc"]),
        ("[a-c]1", ["a1", "c1"], ["d1", "-1"]),
        ("[!a]1", ["b1"], ["a1", "1"]),
        ("[]]", ["]"], ["x"]),
        (r"\*", ["*"], ["a"]),
        ("a.b", ["a.b"], ["axb"]),
        ("a*b*c", ["abc", "a1b2c", "abbcc"], ["ab", "a/bc"]),
        ("x\u00e9*", ["x\u00e9y"], ["xe"]),
    ],
)
def test_a_pattern_takes_what_git_would(pattern: str, takes: list[str], leaves: list[str]) -> None:
    take = taken([pattern])

    assert [path for path in takes if not take(path)] == []
    assert [path for path in leaves if take(path)] == []


def test_the_last_pattern_that_holds_decides() -> None:
    take = taken(["src", "!*.md", "src/KEEP.md"])

    assert take("src/a.py")
    assert not take("src/a.md")
    assert take("src/KEEP.md")


def test_without_a_pattern_everything_is_taken() -> None:
    assert list(select((), ["a", "b/c"])) == ["a", "b/c"]
    assert list(select(("b",), ["a", "b/c"])) == ["b/c"]


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("", "is empty"),
        ("!", "is empty"),
        ("/", "is empty"),
        ("a" * (LONGEST + 1), "longer than"),
        ("a\0b", "NUL"),
        ("../secret", "`..`"),
        ("a//b", "empty"),
        ("./a", "`.`"),
        ("a[b", "without its `]`"),
        ("a[z-a]", "that is none"),
        ("[[:alpha:]]", "means nothing"),
        ("[a--b]", "means nothing"),
        ("a\\", "backslash"),
    ],
    ids=range(13),
)
def test_a_pattern_that_means_nothing_is_told_with_its_reason(pattern: str, why: str) -> None:
    assert why in problem(pattern)


@pytest.mark.parametrize(
    "pattern", ["*a" * 200 + "b", "**/a/" * 80 + "b"], ids=["stars", "doubled"]
)
def test_no_pattern_takes_long(pattern: str) -> None:
    assert problem(pattern) == ""
    began = time.process_time()

    assert not taken([pattern])("a" * 4000 + "/" + "/".join("a" * 500))
    assert time.process_time() - began < 2
