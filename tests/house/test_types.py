import pytest

from tests.house import tools
from tests.house.conftest import Plant
from tests.house.tree import ROOT, must_hold

# Two runs of mypy at once would fight over two cores and one cache: they take turns on one worker.
# Without its cache, on a busy machine, it takes minutes.
pytestmark = pytest.mark.xdist_group("mypy")


def test_the_types_of_the_house_agree() -> None:
    must_hold(tools.types(ROOT))


def test_a_wrong_type_is_found(plant: Plant) -> None:
    root = plant({"pmrunnerd/x.py": "def f(n: int) -> str:\n    return n\n"})

    assert any("[return-value]" in line for line in tools.types(root))
