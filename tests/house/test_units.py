from pathlib import Path

import pytest

from tests.house import units
from tests.house.conftest import Plant
from tests.house.tree import ROOT


def test_the_page_says_of_each_unit_what_the_unit_says() -> None:
    assert sorted(units.rows(ROOT)) == sorted(units.units(ROOT))


def test_a_daemon_may_start_stop_and_forget_and_nothing_else() -> None:
    assert units.verbs(ROOT) == ["start", "stop", "reset-failed"]


@pytest.mark.parametrize(
    "name",
    [
        "pm-runner@.service",
        "pm-runner-run@.service",
        "pm-runner-backup@.service",
        "pm-runner-build@.service",
        "pm-runner-fetch@.service",
        "pm-runner-notify@.service",
    ],
)
def test_each_line_that_takes_something_away_has_its_reason(name: str) -> None:
    assert units.without_a_reason(ROOT / "systemd" / name) == []


def test_a_unit_that_says_otherwise_is_found(plant: Plant) -> None:
    root: Path = plant(
        {
            "systemd/README.md": "| `pm-runner-x@ENV-ID` | `pm-agent` | operator | `/srv` | none |\n",
            "systemd/pm-runner-x@.service": "[Service]\nUser=pm-agent\nExecStart=/l/launch run %i\n"
            "ReadWritePaths=-/srv\n\n# why\nUMask=0022\n\nProtectHome=yes\n",
            "systemd/pm-runner.rules": r"/^pm-runner-(x)@/ [\"start\"].indexOf(verb)",
        }
    )
    (said,), (known,) = units.rows(root), units.units(root)
    assert said.writes == known.writes == {"/srv"}
    assert (said.network, known.network) == (False, True)
    assert known.starters - said.starters == {"pm-runner-ENV"}
    assert units.without_a_reason(root / "systemd/pm-runner-x@.service") == [
        "pm-runner-x@.service: ProtectHome=yes: why?"
    ]
