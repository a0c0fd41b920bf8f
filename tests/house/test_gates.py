import pytest

from tests.house import gates
from tests.house.conftest import Plant
from tests.house.tree import ROOT, must_hold

GATE = """
[tool.pm-runner.gates.{name}]
command = "packaging/test --junit-xml=junit.xml {what}"
tests = "junit.xml"
"""
TWO = {"tests/unit/test_a.py": "", "tests/e2e/test_b.py": ""}
UNIT = GATE.format(name="unit", what="tests/unit")
E2E = GATE.format(name="e2e", what="tests/e2e")


def test_each_test_of_the_house_is_of_one_gate() -> None:
    must_hold(gates.breaches(ROOT))


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (UNIT, "tests/e2e/test_b.py: is of no gate"),
        (UNIT + GATE.format(name="all", what="tests"), "is of unit and all"),
        (UNIT + E2E + GATE.format(name="x", what="tests/x"), "gate x: has no tests"),
        (UNIT + E2E.replace(" --junit-xml=junit.xml", ""), "gate e2e: is not `packaging/test"),
        (UNIT + E2E.replace('"junit.xml"', '"none"'), "gate e2e: is not `packaging/test"),
        (UNIT + E2E.replace("packaging/test", "true"), "gate e2e: is not `packaging/test"),
    ],
)
def test_a_test_that_judges_nothing_is_found(plant: Plant, table: str, says: str) -> None:
    assert any(says in line for line in gates.breaches(plant({"pyproject.toml": table, **TWO})))


def test_two_gates_may_share_a_directory(plant: Plant) -> None:
    table = UNIT + E2E + GATE.format(name="b", what="tests/e2e/test_b.py")
    parted = table.replace('tests/e2e"', 'tests/e2e --ignore=tests/e2e/test_b.py"')
    more = {**TWO, "tests/e2e/test_c.py": ""}
    assert gates.breaches(plant({"pyproject.toml": parted, **more})) == []
