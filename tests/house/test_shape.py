import subprocess

import pytest

from tests.house import shape
from tests.house.conftest import Plant
from tests.house.tree import ROOT, must_hold

# Each of these parses the whole house, and a worker does it once.
pytestmark = pytest.mark.xdist_group("house")


def test_a_module_is_short_or_has_its_reason() -> None:
    must_hold(shape.long_modules(ROOT, shape.LONG))


def test_a_test_module_is_short_too() -> None:
    must_hold(shape.long_tests(ROOT))


def test_a_module_begins_with_its_one_idea() -> None:
    must_hold(shape.missing_ideas(ROOT))


def test_no_module_has_a_name_that_says_nothing() -> None:
    must_hold(shape.names_without_meaning(ROOT))


def test_every_room_has_a_page_of_its_own() -> None:
    must_hold(shape.rooms_without_a_page(ROOT))


def test_the_top_level_holds_only_what_belongs_there() -> None:
    must_hold(shape.clutter(ROOT))


def test_no_directory_hides_a_package_of_others() -> None:
    must_hold(shape.packages_that_hide_others(ROOT))


def test_the_unit_tests_mirror_the_packages() -> None:
    must_hold(shape.broken_mirror(ROOT, shape.TESTED_ELSEWHERE))


def test_a_long_module_and_a_stale_reason_are_found(plant: Plant) -> None:
    root = plant(
        {
            "pmrunnerd/store/journal.py": "\n" * 251,
            "pmrunnerd/store/history.py": "\n" * 251,
            "pmrunnerd/store/lock.py": "\n" * 250,
        }
    )
    reasons = {"pmrunnerd/store/history.py": "…", "pmrunnerd/store/lock.py": "…"}

    assert shape.long_modules(root, reasons) == [
        "pmrunnerd/store/journal.py: 251 lines; over 250 it needs its reason in LONG, or to be two",
        "pmrunnerd/store/lock.py: needs no reason any more; take it out of LONG",
    ]


def test_a_long_test_module_is_found(plant: Plant) -> None:
    root = plant({"tests/test_all.py": "\n" * 251, "tests/test_one.py": "\n" * 250})

    assert shape.long_tests(root) == ["tests/test_all.py: over 250 lines: it has become two"]


def test_a_module_without_its_idea_is_found(plant: Plant) -> None:
    root = plant({"pmrunnerd/a.py": "", "pmrunnerd/b.py": '"""B"""', "pmrunnerd/c.py": '"""C."""'})

    assert shape.missing_ideas(root) == [
        "pmrunnerd/a.py: the first line of its docstring is to be a sentence",
        "pmrunnerd/b.py: the first line of its docstring is to be a sentence",
    ]


def test_a_name_that_says_nothing_is_found_in_a_package_too(plant: Plant) -> None:
    root = plant({"pmrunnerd/store/utils.py": "", "tests/common/__init__.py": ""})

    assert len(shape.names_without_meaning(root)) == 2


def test_a_room_without_a_page_is_found(plant: Plant) -> None:
    root = plant(
        {"pmrunnerd/store/__init__.py": "", "packaging/test": "", "systemd/README.md": "units"}
    )

    assert shape.rooms_without_a_page(root) == [
        "pmrunnerd/store: has no README.md",
        "packaging: has no README.md",
    ]


def test_clutter_is_found_once_git_would_take_it(plant: Plant) -> None:
    root = plant({".gitignore": "build/\n", "build/x": "", "docs/x": "", "todo.txt": ""})
    subprocess.run(["git", "init", "--quiet", root], check=True)

    assert shape.clutter(root) == [
        "docs: does not belong at the top level",
        "todo.txt: does not belong at the top level",
    ]


def test_a_directory_that_hides_a_package_is_found(plant: Plant) -> None:
    root = plant({"packaging/__init__.py": ""})

    assert shape.packages_that_hide_others(root) == [
        "packaging/__init__.py: would hide the PyPI module that others import"
    ]


def test_a_hole_in_the_mirror_is_found_from_both_sides(plant: Plant) -> None:
    root = plant(
        {
            "pmrunnerctl/__init__.py": "",
            "pmrunnerctl/cli.py": "",
            "pmrunnerd/main.py": "",
            "pmrunnerd/store/journal.py": "",
            "pmrunnerd/store/lock.py": "",
            "tests/unit/pmrunnerctl/test_cli.py": "",
            "tests/unit/store/test_journal.py": "",
            "tests/unit/store/test_snapshot.py": "",
        }
    )
    reasons = {"pmrunnerd/main.py": "…", "pmrunnerd/gone.py": "…"}

    assert shape.broken_mirror(root, reasons) == [
        "pmrunnerd/store/lock.py: has no tests/unit/store/test_lock.py",
        "tests/unit/store/test_snapshot.py: mirrors no module",
        "pmrunnerd/gone.py: excused, and not there",
    ]
