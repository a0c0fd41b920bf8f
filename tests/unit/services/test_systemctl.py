import asyncio
import os
from pathlib import Path

import pytest

from pmrunnerd.model.errors import Unavailable
from pmrunnerd.services.systemctl import Systemctl, Unit
from tests.fakes import units

UNIT = "pm-runner-run@test-r1-4f2a.service"


def _systemctl(tmp_path: Path) -> Systemctl:
    return Systemctl(units.install(tmp_path / "bin", tmp_path / "manager", tmp_path / "runs"))


def test_what_is_not_allowed_is_refused_with_the_rule_that_would_allow_it(tmp_path: Path) -> None:
    systemctl = _systemctl(tmp_path)
    (tmp_path / "manager" / "denied").touch()

    with pytest.raises(Unavailable, match=f"cannot start {UNIT}: .*Access denied") as error:
        asyncio.run(systemctl.start(UNIT))
    assert (error.value.hint or "").startswith("ls -l /usr/share/polkit-1/rules.d/")


def test_where_there_is_no_systemctl_the_hint_is_the_other_way(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="cannot start systemctl: No such file") as error:
        asyncio.run(Systemctl(str(tmp_path)).start(UNIT))
    assert "--host detached" in (error.value.hint or "")
    with pytest.raises(Unavailable, match=f"cannot look at {UNIT}"):
        Systemctl(str(tmp_path)).show(UNIT)


def test_a_manager_that_does_not_answer_is_not_waited_for(tmp_path: Path) -> None:
    systemctl = _systemctl(tmp_path)
    (tmp_path / "manager" / "silent").touch()

    with pytest.raises(TimeoutError, match=f"cannot stop {UNIT}"):
        asyncio.run(systemctl.stop(UNIT, total=0.2))


def test_what_failed_elsewhere_is_told_by_its_status(tmp_path: Path) -> None:
    program = tmp_path / "systemctl"
    program.write_text("#!/bin/sh\nexit 3\n")
    program.chmod(0o755)

    with pytest.raises(Unavailable, match="systemctl ended with status 3") as error:
        asyncio.run(Systemctl(f"{tmp_path}:/bin").reset_failed(UNIT))
    assert error.value.hint == f"systemctl status {UNIT}"


def test_a_unit_is_there_while_it_runs_changes_or_has_a_job(tmp_path: Path) -> None:
    systemctl = _systemctl(tmp_path)
    assert not systemctl.show(UNIT).is_there

    (tmp_path / "manager" / f"{UNIT}.job").touch()

    assert systemctl.show(UNIT) == Unit(state="inactive", has_job=True)
    assert systemctl.show(UNIT).is_there
    assert Unit(state="deactivating").is_there


def test_the_main_process_of_a_unit_is_known_while_there_is_one(tmp_path: Path) -> None:
    systemctl = _systemctl(tmp_path)
    assert systemctl.show(UNIT).pid == 0
    (tmp_path / "manager" / UNIT).write_text(str(os.getpid()))
    assert systemctl.show(UNIT) == Unit(state="active", pid=os.getpid())
    assert not Unit(state="failed").is_there


def test_nobody_is_asked_for_a_password_and_a_start_is_not_waited_for(tmp_path: Path) -> None:
    program = tmp_path / "systemctl"
    program.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\n')
    program.chmod(0o755)
    systemctl = Systemctl(f"{tmp_path}:/bin")

    asyncio.run(systemctl.start(UNIT))
    asyncio.run(systemctl.stop(UNIT, total=5))

    assert (tmp_path / "asked").read_text().splitlines() == [
        f"--no-ask-password --no-pager start --no-block {UNIT}",
        f"--no-ask-password --no-pager stop {UNIT}",
    ]
