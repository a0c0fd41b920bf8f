from pathlib import Path

from pmrunnerd.model.errand import Confinement
from pmrunnerd.services.standpoint import closed, ownership, within


def test_what_is_not_there_belongs_to_nobody(tmp_path: Path) -> None:
    assert ownership(tmp_path / "none") is None
    assert closed(tmp_path / "none") is None


def test_it_tells_what_it_was_told_of_sandboxes_and_starts_none(tmp_path: Path) -> None:
    found = Confinement(ok=False, known=False, reason="nobody has looked yet")
    told = within(tmp_path, "0.1.0", found, unconfined=False)
    checks = {check.name: check for check in told.checks}

    assert checks["bubblewrap"].state == "warning"
    assert checks["bubblewrap"].found == "not known yet: nobody has looked yet"
    assert "agents' reach" not in checks
    assert checks["state"].state in {"ok", "warning"}


def test_a_door_at_which_a_run_was_let_in_is_a_problem(tmp_path: Path) -> None:
    found = Confinement(ok=True, doors=("127.0.0.1:3502",))
    told = within(tmp_path, "0.1.0", found, unconfined=False)
    checks = {check.name: check for check in told.checks}

    assert checks["agents' reach"].state == "problem"
    assert "/usr/lib/pm-runner/guard-doors" in checks["agents' reach"].hint
