import asyncio
import os
import pwd
from pathlib import Path

import pytest

from pmrunnerd.model.errand import Inspected
from pmrunnerd.services.errands import dropin
from tests.unit.services.parts import git, needs_sandbox, repository

UNIT = "pm-runner-run@.service"
ME = pwd.getpwuid(os.geteuid()).pw_name


def test_what_a_unit_does_not_let_anybody_see_is_bound_into_it_by_a_drop_in() -> None:
    found = dropin.hidden(Path("/home/nobody-is-called-so/app"), UNIT, "prod")

    assert found is not None
    assert found.problem == "a run sees nothing in /home, and so not whether it is there"
    drop_in = "[Service]\\nProtectHome=tmpfs\\nBindPaths=-/home/nobody-is-called-so/app\\n"
    file = f"/etc/systemd/system/{UNIT}.d/home-nobody-is-called-so-app.conf"
    assert f"printf '{drop_in}' | sudo tee {file}" in found.hint
    place = "echo /home/nobody-is-called-so/app"
    roots = "/etc/pm-runner/prod.roots"
    assert f"{place} | sudo tee -a {roots} && sudo chmod 644 {roots} && " in found.hint
    assert f"setfacl -R -m u:{ME}:rwX,d:u:{ME}:rwX,d:u:$(stat -c %U /home/" in found.hint


@needs_sandbox
def test_git_that_shares_by_modes_is_told_to_leave_that_to_access_lists(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    found = Inspected(path=str(here))
    assert asyncio.run(dropin.alone(found, hidden=(), unconfined=False)) == found
    git(here, "config", "core.sharedRepository", "group")
    told = asyncio.run(dropin.alone(found, hidden=(), unconfined=False))

    assert "which no run may" in told.problem
    assert told.hint.startswith(f"git -C {here} config --unset core.sharedRepository")


def test_what_can_be_seen_is_for_a_look(tmp_path: Path) -> None:
    assert dropin.hidden(tmp_path, UNIT, "prod") is None


def test_a_name_that_no_drop_in_can_have_is_cloned_elsewhere() -> None:
    found = dropin.hidden(Path("/home/nobody is called so/app"), UNIT, "prod")

    assert found is not None
    assert found.hint.startswith(
        "git clone '/home/nobody is called so/app' /srv/pm-runner/projects"
    )
    devs = dropin.hidden(Path("/home/nobody is called so/app"), UNIT, "dev")
    assert devs is not None
    assert "/srv/pm-runner/dev/NAME" in devs.hint


def test_where_modes_forbid_it_access_lists_are_said(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    here.chmod(0o500)
    try:
        found = dropin.explained(Inspected(path=str(here), problem="no"), UNIT, "prod")
    finally:
        here.chmod(0o700)

    assert found.problem == f"a run works as {ME}, which may not write {here}"
    assert found.hint.startswith(f"sudo setfacl -R -m u:{ME}:rwX")
    assert "/etc/systemd" not in found.hint


@pytest.mark.parametrize(
    "found",
    [Inspected(path="/none", problem="it does not exist", missing=True), Inspected(path="/usr")],
)
def test_what_no_drop_in_would_change_stays_as_it_was_found(found: Inspected) -> None:
    assert dropin.explained(found, UNIT, "prod") == found


def test_a_place_where_a_run_may_write_is_as_it_was_found(tmp_path: Path) -> None:
    found = Inspected(path=str(repository(tmp_path / "w")))

    assert dropin.explained(found, UNIT, "prod") == found
