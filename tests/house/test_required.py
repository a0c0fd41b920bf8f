"""The list of what a full run must have passed: it names tests that exist."""

import ast
from pathlib import Path

from tests.house.tree import ROOT, must_hold
from tests.plugins.promises import required


def test_every_promise_names_tests_that_exist_and_each_only_once() -> None:
    """Which parameters one has, a full run knows: it must have passed each of these ids."""
    listed = required(ROOT / "tests/required.txt")
    known = {id for source in {id.partition("::")[0] for id in listed} for id in _tests(source)}

    must_hold(
        [
            f"{id}: is listed, and there is no such test"
            for id in listed
            if id.partition("[")[0] not in known
        ]
        + [f"{id}: is listed twice" for id in sorted(set(listed)) if listed.count(id) > 1]
    )


def _tests(source: str) -> set[str]:
    """Return the ids of a module's tests, without parameters."""
    if not (ROOT / source).is_file():
        return set()
    found = ast.parse((ROOT / source).read_text()).body
    return {
        f"{source}::{one.name}"
        for one in found
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def test_a_list_of_promises_is_ids_between_headings(tmp_path: Path) -> None:
    file = tmp_path / "required.txt"
    file.write_text("# a promise\n\ntests/a.py::test_b\n  tests/a.py::test_c[# 1]\n")

    assert required(file) == ["tests/a.py::test_b", "tests/a.py::test_c[# 1]"]
    assert required(tmp_path / "none.txt") == []
