"""Where no pmrunnerctl can run, root switches to the release of the package; nowhere else."""

import json
import shutil
from pathlib import Path

import pytest

from tests.package.zero import Machine


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def spoil(machine: Machine, how: str) -> None:
    """Have the release that prod and dev run be one that cannot run here."""
    for release in (machine.homes / name / "releases/1-a" for name in ("prod", "dev")):
        match how:
            case "of another Python":
                about = json.loads((release / "release.json").read_text())
                (release / "release.json").unlink()  # prod and dev have the same file
                about |= {"soabi": "cpython-39", "python": "3.9"}
                (release / "release.json").write_text(json.dumps(about))
            case "changed":
                (release / "lib/more").touch()
            case "unreadable":
                (release / "release.json").unlink()
            case _:
                shutil.rmtree(release)


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("of another Python", "is built for Python 3.9 (cpython-39)"),
        ("changed", "the release is damaged: "),
        ("unreadable", "the release is damaged: "),
        ("gone", "there is no release: "),
    ],
)
def test_another_source_takes_the_place_of_what_cannot_run_once_somebody_says_so(
    machine: Machine, how: str, why: str
) -> None:
    """No pmrunnerctl could: it is of the release that cannot run."""
    machine.install()
    machine.brings("2-b", source="b")
    spoil(machine, how)

    said = machine.install()

    assert machine.dist("prod") == "releases/1-a"
    assert f"pm-runner: cannot run pm-runner of prod: {why}" in said.replace(
        f"release {machine.homes}/prod/releases/1-a ", ""
    )
    assert "goes on running" not in said
    hint = f"  hint: sudo {machine.root}/lib/release-zero --switch prod\n"
    assert hint in said

    said = machine.install("--switch", "prod")

    assert (machine.dist("prod"), machine.dist("dev")) == ("releases/2-b", "releases/1-a")
    assert "pm-runner@prod has release 2-b in the place of 1-a\n" in said
    assert "  hint: sudo systemctl restart pm-runner@prod\n" in said


def test_where_nothing_is_promoted_into_an_operator_switches_by_hand(machine: Machine) -> None:
    machine.install()
    machine.brings("2-b", source="b")

    said = machine.install("--switch", "dev")

    assert (machine.dist("prod"), machine.dist("dev")) == ("releases/1-a", "releases/2-b")
    assert "  hint: sudo systemctl restart pm-runner@dev\n" in said


def test_what_can_run_is_an_operator_s_to_switch_by_a_promotion(machine: Machine) -> None:
    machine.install()
    machine.brings("2-b", source="b")

    said = machine.install("--switch", "prod", status=4)

    assert machine.dist("prod") == "releases/1-a"
    assert "  hint: pmrunnerctl promote --release 2-b\n" in said
