import pytest

from tests.house.alone import ALONE, imports_of_others
from tests.house.conftest import Plant
from tests.house.tree import ROOT, must_hold

# Each of these parses the whole house, and a worker does it once.
pytestmark = pytest.mark.xdist_group("house")


def test_what_runs_where_nothing_of_ours_is_takes_nothing_else_along() -> None:
    must_hold(imports_of_others(ROOT, ALONE))


def test_an_import_of_ours_or_of_others_is_found_wherever_it_stands(plant: Plant) -> None:
    root = plant(
        {
            "pmrunnerd/services/broom/__init__.py": "import os, json.decoder\n",
            "pmrunnerd/services/broom/sweep.py": "from pmrunnerd.services.broom import tree\n"
            "from pmrunnerd.services import git\n",
            "pmrunnerd/services/broom/tree.py": "def late():\n    import msgspec\n",
            "pmrunnerd/services/broomstick.py": "import msgspec\n",
            "pmrunnerd/services/git.py": "import msgspec\n",
        }
    )

    programs = ("pmrunnerd.services.broom", "pmrunnerd.services.dustpan")
    why = "which is not there where it runs"
    assert imports_of_others(root, programs) == [
        f"pmrunnerd/services/broom/sweep.py: imports pmrunnerd.services.git, {why}",
        f"pmrunnerd/services/broom/tree.py: imports msgspec, {why}",
        "pmrunnerd.services.dustpan: runs alone, and is not there",
    ]
