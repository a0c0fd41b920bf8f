import shutil

from tests.house import tools
from tests.house.conftest import Plant
from tests.house.tree import ROOT, must_hold


def test_the_house_is_formatted() -> None:
    must_hold(tools.formatting(ROOT))


def test_the_linter_finds_nothing_to_say() -> None:
    must_hold(tools.lint(ROOT))


def test_the_shell_scripts_are_clean() -> None:
    must_hold(tools.shell(ROOT))


def test_every_script_of_the_house_is_checked() -> None:
    assert {"packaging/quickstart", "packaging/test", ".ci/run"} <= set(tools.shell_scripts(ROOT))


def test_bad_formatting_and_a_bad_habit_are_found(plant: Plant) -> None:
    root = plant({"pmrunnerd/x.py": '"""X."""\n\nx = eval( "1" )\n'})
    shutil.copy(ROOT / "pyproject.toml", root)

    assert any("pmrunnerd/x.py" in line for line in tools.formatting(root))
    assert any("S307" in line for line in tools.lint(root))


def test_a_careless_script_is_found(plant: Plant) -> None:
    root = plant({"packaging/go": "#!/usr/bin/env bash\nrm -r $1\n"})

    assert any("SC2086" in line for line in tools.shell(root))
