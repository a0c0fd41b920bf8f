from pathlib import Path

import pytest

from tests.house import units
from tests.house.conftest import Plant
from tests.house.tree import ROOT

SYSTEMD = ROOT / "systemd"


def test_the_page_says_of_each_unit_what_the_unit_says() -> None:
    assert sorted(units.rows(ROOT)) == sorted(units.units(ROOT))


def test_a_daemon_may_start_stop_and_forget_and_nothing_else() -> None:
    assert units.verbs(ROOT) == ["start", "stop", "reset-failed"]


def test_of_root_s_units_prod_may_start_three_by_name() -> None:
    assert units.roots(ROOT) == {"promote@prod", "promote@dev", "rollback@prod"}


@pytest.mark.parametrize("name", sorted(path.name for path in SYSTEMD.glob("*.service")))
def test_each_line_that_takes_something_away_has_its_reason(name: str) -> None:
    assert units.without_a_reason(SYSTEMD / name) == []


def test_who_has_the_machine_s_network_and_runs_what_nobody_approved_finds_the_doors_shut() -> None:
    known = {
        (name := row.unit.partition("@")[0]): "guard-doors"
        in SYSTEMD.joinpath(f"{name}@.service").read_text()
        for row in units.rows(ROOT)
        if row.network
    }
    # It brings files, and runs none of them; root's come to this machine's doors, and run what was approved.
    assert known.pop("pm-runner-fetch") is False
    # What runs there was approved, or is root's; and it reaches this machine alone.
    assert known.pop("pm-runner-promote") is False
    assert known.pop("pm-runner-health") is False
    assert known == dict.fromkeys(
        ("pm-runner-run", "pm-runner-notify", "pm-runner-gatenet", "pm-runner-prepare"), True
    )


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


WITH_SANDBOXES = sorted(
    path.name
    for path in (ROOT / "systemd").glob("*.service")
    if "user" in dict(units.directives(path)).get("RestrictNamespaces", "").split()
)


def test_runs_gates_and_what_prepares_them_have_sandboxes() -> None:
    assert {
        name.removesuffix("@.service").removeprefix("pm-runner-") for name in WITH_SANDBOXES
    } == {
        "gate",
        "gatenet",
        "prepare",
        "run",
    }


@pytest.mark.parametrize("name", WITH_SANDBOXES)
def test_where_systemd_hides_nothing_behind_a_unit_none_with_sandboxes_covers_proc(
    name: str,
) -> None:
    said = units.directives(ROOT / "systemd" / name)
    said += units.directives(ROOT / f"systemd/drop-ins-254/{name}.d/walls.conf")
    # ProtectProc= mounts another one, of which all is in sight.
    covers = {
        "ProtectKernelTunables",
        "ProtectKernelLogs",
        "ProtectHostname",
        "InaccessiblePaths",
        "ProcSubset",
    }
    assert not [
        key
        for key, value in dict(said).items()
        if key in covers and (value == "yes" or "/proc" in value or value == "pid")
    ]


@pytest.mark.parametrize("name", WITH_SANDBOXES)
def test_with_257_bubblewrap_may_look_up_paths_as_it_does(name: str) -> None:
    known = dict(units.directives(ROOT / "systemd" / name))
    for version in (254, 257):
        for file in (ROOT / f"systemd/drop-ins-{version}/{name}.d").glob("*.conf"):
            known |= dict(units.directives(file))
    assert known["RestrictSUIDSGID"] == "no"
    assert known.get("DynamicUser", "no") == "no"  # which implies it


def test_where_a_run_may_leave_setuid_programs_it_does_so_below_mounts_where_they_are_plain() -> (
    None
):
    at = ROOT / "systemd/drop-ins-254/pm-runner-run@.service.d/walls.conf"
    mounts = dict(units.directives(at))["Requires"].split()
    known = [dict(units.directives(ROOT / "systemd" / name)) for name in mounts]
    assert all({"rbind", "nosuid"} < set(one["Options"].split(",")) for one in known)
    run = units.directives(ROOT / "systemd/pm-runner-run@.service")
    places = [value for key, value in run if key == "ReadWritePaths"][1].replace("-/", "/").split()
    assert sorted(one["Where"] for one in known) == sorted(places)
