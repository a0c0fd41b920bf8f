import pytest

from tests.house import layers
from tests.house.conftest import Plant
from tests.house.tree import ROOT, must_hold

# Each of these parses the whole house, and a worker does it once.
pytestmark = pytest.mark.xdist_group("house")


def test_every_room_of_the_daemon_has_a_floor() -> None:
    must_hold(layers.strange_rooms(ROOT))


def test_a_module_imports_only_from_the_floors_below_its_own() -> None:
    must_hold(layers.upward_imports(ROOT))


def test_no_modules_import_each_other_in_a_circle() -> None:
    must_hold(layers.cycles(ROOT))


def test_every_import_is_an_absolute_one() -> None:
    must_hold(layers.relative_imports(ROOT))


def test_the_client_knows_nothing_of_the_daemon_but_its_words() -> None:
    must_hold(layers.what_the_client_knows(ROOT))


def test_model_and_rules_are_pure() -> None:
    must_hold(layers.impurities(ROOT))


def test_a_room_without_a_floor_is_found(plant: Plant) -> None:
    root = plant({"pmrunnerd/attic/__init__.py": "", "pmrunnerd/store/__init__.py": ""})

    assert layers.strange_rooms(root) == [
        "pmrunnerd/attic/__init__.py: a room without a floor; give it one in tests/house/layers.py"
    ]


def test_an_import_from_a_floor_above_is_found_wherever_it_stands(plant: Plant) -> None:
    root = plant(
        {
            "pmrunnerd/rules/agenda.py": "from pmrunnerd.model import entities\n",
            "pmrunnerd/model/entities.py": "def late():\n    import pmrunnerd.store.journal\n",
            "pmrunnerd/store/journal.py": "from pmrunnerd import api\n",
            "pmrunnerd/api/web.py": "from pmrunnerd.main import main\n",
            "pmrunnerd/main.py": "from pmrunnerd.api.web import x\nfrom pmrunnerd import detach\n",
            "pmrunnerd/detach.py": "",
        }
    )

    assert layers.upward_imports(root) == [
        "pmrunnerd/api/web.py: imports pmrunnerd.main, which is not below it",
        "pmrunnerd/model/entities.py: imports pmrunnerd.store.journal, which is not below it",
        "pmrunnerd/store/journal.py: imports pmrunnerd.api, which is not below it",
    ]


def test_the_run_host_may_know_words_and_hands_and_nobody_knows_it(plant: Plant) -> None:
    root = plant(
        {
            "pmrunnerd/runhost/__main__.py": "import pmrunnerd.model.run, pmrunnerd.store.lock\n"
            "import pmrunnerd.services.process, pmrunnerd.runhost.pipes\n",
            "pmrunnerd/api/web.py": "import pmrunnerd.runhost.pipes\n",
        }
    )

    assert layers.upward_imports(root) == [
        "pmrunnerd/api/web.py: imports pmrunnerd.runhost.pipes, which is not below it",
        "pmrunnerd/runhost/__main__.py: imports pmrunnerd.store.lock, which is not below it",
    ]


def test_a_circle_of_imports_is_found(plant: Plant) -> None:
    root = plant(
        {
            "pmrunnerd/model/__init__.py": "",
            "pmrunnerd/model/a.py": "from pmrunnerd.model.b import x\n",
            "pmrunnerd/model/b.py": "from pmrunnerd.model import c\n",
            "pmrunnerd/model/c.py": "import pmrunnerd.model.a\n",
            "pmrunnerd/model/d.py": "import pmrunnerd.model.a\n",
        }
    )

    (circle,) = layers.cycles(root)
    assert {name for name in "abcd" if f"pmrunnerd.model.{name}" in circle} == set("abc")


def test_a_relative_import_is_found(plant: Plant) -> None:
    root = plant({"pmrunnerctl/cli.py": "import os\nfrom . import render\n"})

    assert layers.relative_imports(root) == ["pmrunnerctl/cli.py:2: import absolutely"]


def test_a_client_that_knows_too_much_is_found(plant: Plant) -> None:
    root = plant(
        {
            "pmrunnerctl/cli.py": "from pmrunnerd import __version__\n"
            "from pmrunnerd.model import protocol\n"
            "from pmrunnerd.store import journal\n",
            "pmrunnerd/__init__.py": "",
            "pmrunnerd/model/protocol.py": "",
        }
    )

    assert layers.what_the_client_knows(root) == [
        "pmrunnerctl/cli.py: imports pmrunnerd.store; of the daemon, the client knows pmrunnerd.model"
    ]


def test_a_clock_a_disk_and_a_wait_in_a_rule_are_found(plant: Plant) -> None:
    root = plant(
        {
            "pmrunnerd/rules/agenda.py": "import os\n"
            "from datetime import datetime\n"
            "async def agenda():\n"
            "    return datetime.now(), open('x')\n",
            "pmrunnerd/rules/decide.py": "from pathlib import PurePosixPath\n",
            "pmrunnerd/rules/recovery.py": "from pathlib import Path, PurePath\n",
            "pmrunnerd/store/journal.py": "import os, time\n",
        }
    )

    assert layers.impurities(root) == [
        "pmrunnerd/rules/agenda.py: imports os, which is not known to be pure",
        "pmrunnerd/rules/agenda.py: line 4 looks at the clock; it comes in through the door",
        "pmrunnerd/rules/agenda.py: line 3 is async; rules do not wait",
        "pmrunnerd/rules/agenda.py: line 4 calls open()",
        "pmrunnerd/rules/recovery.py: imports pathlib, which is not known to be pure",
    ]
