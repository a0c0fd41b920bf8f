"""Which of the lines that a run added leave work for later, and which only look like it."""

import asyncio
from pathlib import Path

import pytest

from pmrunnerd.services.changes import changes
from tests.unit.services.parts import git, hands, head, repository


def told(workspace: Path, began: str = "") -> tuple[str, ...]:
    return asyncio.run(changes(hands(workspace), began or head(workspace))).marked


PROMISED = [
    "x = 1  # TODO: later",
    "// FIXME",
    "/* xxx */",
    "TODO",
    "Still TODO.",
    'raise Missing("TODO: write it")',
    "# todo: later",
    "// Todo(anna) later",
    "-- fixme later",
    "<!-- todo: more -->",
    "# ... rest of the code",
    "// ... existing code ...",
    "# Implementation goes here",
    "the rest of the function",
    "# code omitted",
    "    # ...",
    "x = 1  // …",
    "<!-- ... -->",
    "    # (unchanged)",
    "def f(): ...  # as before (unchanged)",
    "/* unchanged */",
    "// Your code here.",
    "# This is to be implemented by us",
    "# Windows is not implemented yet",
    " * implement this later",
    "# The port is TBD.",
    "// placeholder",
    "# This is just a placeholder for now.",
]
# They only look like it.
NOT_PROMISED = [
    *("todos = []", "a.method(...)", "rest = rest[1:]", "hash XXXX"),
    *(
        "def add(todos, todo):",
        "    todos.append(todo)",
        "todo: buy milk",
        "# Todo list",
        "# Todo",
    ),
    *("Todo lo que hace falta.", "# todo lo demás", "A todo list, finished."),
    *(
        'TODO = "todo"',
        "if state == Status.TODO:",
        "state: 'TODO',",
        'OPEN = ("TODO", "DOING")',
    ),
    *(
        "    ...",
        "def f() -> int: ...",
        "print('...')  # it takes a while...",
        "area = width * placeholder",
        "# The placeholder of a field is shown while it is empty",
        '<input placeholder="your code here">',
        "# What is unchanged is not written again",
        "# HACK: the clock is wrong",
        "x = None  # placeholder",
        "raise Refused('not implemented yet')",
        "    raise NotImplementedError",
    ),
]


def files(workspace: Path, lines: list[str]) -> list[str]:
    """Write each line into a file of its own, behind one that is fine; return the names."""
    names = [f"{number:02}.py" for number in range(len(lines))]
    for name, line in zip(names, lines, strict=True):
        (workspace / name).write_text(f"fine\n{line}\n")
    return names


# Of one run some twenty are told.
@pytest.mark.parametrize("lines", [PROMISED[:14], PROMISED[14:]])
def test_a_line_that_promises_more_is_told_with_its_file(tmp_path: Path, lines: list[str]) -> None:
    workspace = repository(tmp_path / "w")
    names = files(workspace, lines)

    found = dict(line.split(": ", 1) for line in told(workspace))

    assert found == dict(zip(names, lines, strict=True))


def test_a_line_that_only_looks_like_it_is_not_told(tmp_path: Path) -> None:
    workspace = repository(tmp_path / "w")
    files(workspace, NOT_PROMISED)

    assert told(workspace) == ()


def test_what_is_prose_may_be_about_what_is_left_for_later(tmp_path: Path) -> None:
    workspace = repository(tmp_path / "w")
    (workspace / "a.md").write_text("# ...\n* Windows is not implemented yet\n")

    assert told(workspace) == ()


@pytest.mark.parametrize(
    "body",
    [
        ["def later():", "    raise NotImplementedError"],
        ["async def later(x: int) -> int:", "    raise NotImplementedError(x)"],
        ["class A:", "    def later(self):", '        raise NotImplementedError("comes soon")'],
    ],
)
def test_a_body_that_is_nothing_but_not_implemented_is_told(
    tmp_path: Path, body: list[str]
) -> None:
    workspace = repository(tmp_path / "w")
    (workspace / "a.py").write_text("\n".join(body))

    assert told(workspace) == (f"a.py: {body[-1]}",)


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("test_a.py", ["def later():", "    raise NotImplementedError"]),
        ("tests/fakes.py", ["def later():", "    raise NotImplementedError"]),
        ("a.py", ["class A:", "    def later(self):", "        raise NotImplementedError"]),
        ("a.py", ["@abstractmethod", "def later(x):", "    raise NotImplementedError"]),
        ("a.py", ["def later():", '    raise NotImplementedError("for a subclass")']),
        ("a.py", ["def later(x):", "    if x:", "        raise NotImplementedError"]),
        ("a.go", ["def later():", "    raise NotImplementedError"]),
    ],
)
def test_what_others_are_to_override_is_not_left_for_later(
    tmp_path: Path, name: str, body: list[str]
) -> None:
    workspace = repository(tmp_path / "w")
    (workspace / name).parent.mkdir(exist_ok=True)
    (workspace / name).write_text("\n".join(body))

    assert told(workspace) == ()


def test_what_moved_with_its_file_or_without_was_promised_before(tmp_path: Path) -> None:
    workspace = repository(tmp_path / "w")
    (workspace / "old.py").write_text("# TODO: a\n# TODO: b\nfine\n# TODO: c\n")
    (workspace / "rest.py").write_text("fine\n")
    git(workspace, "add", "--all")
    git(workspace, "commit", "--quiet", "--message=before")
    began = head(workspace)
    git(workspace, "mv", "old.py", "new.py")
    (workspace / "new.py").write_text("def f():\n    # TODO: a\n    # TODO: a\n    # TODO: d\n")
    (workspace / "rest.py").write_text("fine\n# TODO: c\n")

    assert told(workspace, began) == (
        "new.py:     # TODO: a",
        "new.py:     # TODO: d",
    )


def test_a_line_that_was_there_before_is_nobody_s_of_this_run(tmp_path: Path) -> None:
    workspace = repository(tmp_path / "w")
    (workspace / "a.py").write_text("# TODO\n")
    git(workspace, "add", "--all")
    git(workspace, "commit", "--quiet", "--message=before")
    (workspace / "a.py").write_text("# TODO\nmore\n")

    assert told(workspace) == ()


def test_a_body_that_was_nothing_and_moved_was_promised_before(tmp_path: Path) -> None:
    workspace = repository(tmp_path / "w")
    (workspace / "old.py").write_text("def later():\n    raise NotImplementedError\n")
    git(workspace, "add", "--all")
    git(workspace, "commit", "--quiet", "--message=before")
    began = head(workspace)
    (workspace / "old.py").rename(workspace / "new.py")

    assert told(workspace, began) == ()


def test_a_line_without_an_end_hides_nothing_behind_it(tmp_path: Path) -> None:
    workspace = repository(tmp_path / "w")
    (workspace / "a.py").write_text("fine")
    (workspace / "b.py").write_text("fine\n")
    git(workspace, "add", "--all")
    git(workspace, "commit", "--quiet", "--message=before")
    (workspace / "a.py").write_text("# TODO")
    (workspace / "b.py").write_text("fine\n# TODO\n")

    assert told(workspace) == ("a.py: # TODO", "b.py: # TODO")


def test_of_very_many_lines_a_few_are_told(tmp_path: Path) -> None:
    workspace = repository(tmp_path / "w")
    (workspace / "a.py").write_text("# TODO\n" * 5000)

    assert len(told(workspace)) == 20


@pytest.mark.parametrize("attribute", ["-diff", "binary", "diff=own", "-text"])
def test_no_attribute_hides_a_line(tmp_path: Path, attribute: str) -> None:
    workspace = repository(tmp_path / "w")
    git(workspace, "config", "diff.own.binary", "true")
    git(workspace, "config", "diff.own.textconv", "true")
    (workspace / ".gitattributes").write_text(f"*.py {attribute}\n")
    (workspace / "a.py").write_text("# TODO\n")

    assert told(workspace) == ("a.py: # TODO",)


def test_a_line_that_looks_like_a_name_is_a_line_and_names_nothing(tmp_path: Path) -> None:
    workspace = repository(tmp_path / "w")
    (workspace / "kept.txt").write_text("++ TODO\n@@ -0,0 +1,9 @@\n++ b/other\n# FIXME")
    (workspace / "z y").write_text("# XXX\n")

    assert told(workspace) == (
        "kept.txt: ++ TODO",
        "kept.txt: # FIXME",
        "z y: # XXX",
    )
