"""A workspace whose git is told to execute programs: none of them ever runs outside a sandbox."""

import asyncio
from pathlib import Path

import pytest

from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.progress import Committed, Kept
from pmrunnerd.services import workspace
from tests.integration.runhost.hostile import (
    CONFIG,
    PLANTS,
    SUBMODULE_PLANTS,
    person,
    planted,
    with_submodule,
)
from tests.integration.runhost.hosts import Hosts, end, every
from tests.unit.services.parts import needs_sandbox

pytestmark = needs_sandbox


@pytest.mark.parametrize("name", PLANTS)
def test_what_was_planted_before_a_run_never_runs_outside(tmp_path: Path, name: str) -> None:
    plant, trap = PLANTS[name], tmp_path / "trap"
    here = planted(tmp_path / "workspace", plant, trap)
    trap.unlink(missing_ok=True)  # some planting springs it
    with Hosts(tmp_path) as hosts:
        done, failed = hosts.run("echo x > new"), hosts.run("echo more >> kept.txt; exit 3")
        assert asyncio.run(workspace.inspect(here)).problem == ""
        problem = asyncio.run(workspace.probe(here, unconfined=False)).problem
        if plant.stops_git:
            assert end(done).outcome is end(failed).outcome is Outcome.HELD
            assert f"cannot run git status in {here}" in end(done).reason
        else:
            assert end(done).outcome is Outcome.SUCCEEDED, done
            assert len(every(done, Committed)) == 1
            assert end(failed).outcome is Outcome.FAILED
            assert len(every(failed, Kept)) == 1
            assert problem == ""
        assert not trap.exists()

        # It is a real one: whoever calls git there plainly executes it.
        person(here, plant.spring, trap)
        assert trap.exists()


@pytest.mark.parametrize("name", PLANTS)
def test_what_a_run_plants_never_runs_outside(tmp_path: Path, name: str) -> None:
    plant, trap = PLANTS[name], tmp_path / "trap"
    with Hosts(tmp_path) as hosts:
        said = hosts.run(f"set +e; TRAP={trap}; {plant.plant}; true")
        assert end(said).outcome is Outcome.SUCCEEDED, said
        person(hosts.workspace, plant.spring, trap)
        assert not trap.exists()

    # Planted by somebody whom nothing confines, it would have been executed.
    person(planted(tmp_path / "open", plant, trap), plant.spring, trap)
    assert trap.exists()


@pytest.mark.parametrize("name", SUBMODULE_PLANTS)
def test_what_a_run_plants_in_a_submodule_never_runs_outside(tmp_path: Path, name: str) -> None:
    trap = tmp_path / "trap"
    here = with_submodule(tmp_path / "workspace")
    with Hosts(tmp_path) as hosts:
        hosts.run(f"set +e; TRAP={trap}; {SUBMODULE_PLANTS[name]}; true")
        person(here, "git status; git diff; git submodule status; git submodule update", trap)
        assert not trap.exists()
        said = hosts.run("echo x > new")
        assert end(said).outcome is Outcome.SUCCEEDED, said

    open_ = with_submodule(tmp_path / "open")
    person(open_, SUBMODULE_PLANTS[name], trap)
    trap.unlink(missing_ok=True)
    person(open_, "git status", trap)
    assert trap.exists()


def test_a_submodule_that_is_hostile_from_the_start_never_runs_outside(tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    here = with_submodule(tmp_path / "workspace")
    person(here, CONFIG.format(".git/modules/library/config"), trap)
    with Hosts(tmp_path) as hosts:
        assert end(hosts.run("echo x > new")).outcome is Outcome.SUCCEEDED
        assert end(hosts.run("echo x > half; exit 3")).outcome is Outcome.FAILED
        assert asyncio.run(workspace.probe(here, unconfined=False)).problem == ""
        assert not trap.exists()
        person(here, "git status", trap)
        assert trap.exists()


# Each of them is imported by the program that clears up, which alone may write the configuration.
_MODULES = ("json/__init__", *("marshal", "stat", "pmrunnerd/__init__", "importlib/machinery"))


def test_no_module_that_a_run_plants_is_imported_by_what_may_write_its_configuration(
    tmp_path: Path,
) -> None:
    evil = "open('.git/config', 'a').write('[core]\\n\\tfsmonitor = touch evil\\n')"
    with Hosts(tmp_path) as hosts:
        before = (hosts.workspace / ".git/config").read_text()
        plant = "".join(
            f'mkdir -p $(dirname {name}); echo "{evil}" > {name}.py;' for name in _MODULES
        )
        for ending in ("true", "exit 3"):
            said = hosts.run(f"{plant} {ending}")
            assert (hosts.workspace / ".git/config").read_text() == before, said
