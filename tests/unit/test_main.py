import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pmrunnerd.main import CANNOT_START, CONFIGURATION, explain, first
from pmrunnerd.model.errors import Refused
from pmrunnerd.store.store import Store
from tests.integration.daemon import environment


def pmrunnerd(home: Path, *options: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pmrunnerd.main", *options],
        env=environment(home) | variables,
        cwd=home,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_an_error_is_told_with_its_hint_and_without_a_traceback() -> None:
    assert explain(Refused("cannot do it: no", hint="do that")) == (
        "pmrunnerd: cannot do it: no\n  hint: do that\n"
    )
    assert explain(Refused("cannot do it: no")) == "pmrunnerd: cannot do it: no\n"


def test_the_first_error_is_found_in_groups_of_groups() -> None:
    inner = Refused("cannot")
    assert first(ExceptionGroup("a", [ExceptionGroup("b", [inner]), ValueError()])) is inner


def test_a_configuration_that_cannot_be_used_has_its_own_status(tmp_path: Path) -> None:
    done = pmrunnerd(tmp_path, "--runs-slots", "none")
    assert done.returncode == CONFIGURATION
    assert done.stderr == (
        "pmrunnerd: cannot use setting runs.slots = 'none': it is a whole number from 1 to 64\n"
        "  hint: --runs-slots 2   is the default; pmrunnerd -h lists them all\n"
    )


@pytest.mark.parametrize(
    ("variables", "file", "why"),
    [
        ({"PMRUNNER_WEB_PORT": "many"}, "", "cannot use setting web.port = 'many'"),
        ({}, "[runs]\nslots = 0\n", "cannot use setting runs.slots = 0"),
        ({}, "[web]\nprot = 1\n", "cannot use the configuration: there is no setting web.prot"),
        ({}, "[web\n", "cannot read the configuration"),
        ({}, "port = 3503\n", "there is no setting port"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_wherever_it_stands(
    tmp_path: Path, variables: dict[str, str], file: str, why: str
) -> None:
    (tmp_path / "dev.toml").write_text(file)
    done = pmrunnerd(tmp_path, "--config", str(tmp_path / "dev.toml"), **variables)
    assert done.returncode == CONFIGURATION
    assert done.stderr.startswith("pmrunnerd: cannot ")
    assert why in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "state").exists()


def test_ctrl_c_before_there_is_a_daemon_ends_it_by_the_signal_and_without_a_traceback(
    tmp_path: Path,
) -> None:
    os.mkfifo(tmp_path / "dev.toml")
    starting = subprocess.Popen(
        [sys.executable, "-m", "pmrunnerd.main", "--config", str(tmp_path / "dev.toml")],
        env=environment(tmp_path),
        cwd=tmp_path,
        stderr=subprocess.PIPE,
    )
    # It reads its configuration now, and has to wait for it.
    with (tmp_path / "dev.toml").open("wb"):
        starting.send_signal(signal.SIGINT)
        _, err = starting.communicate(timeout=180)

    assert (starting.returncode, err) == (-signal.SIGINT, b"")


def test_a_second_daemon_is_told_who_has_the_state(tmp_path: Path) -> None:
    state = tmp_path / "state"
    store = Store(state, lambda: "2026-11-24T12:30:00.123Z", release="0.1.0")
    try:
        done = pmrunnerd(tmp_path, "--state-dir", str(state))
    finally:
        store.close()
    assert done.returncode == CANNOT_START
    assert f"pid {os.getpid()}" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_web_door_that_others_could_reach_is_refused(tmp_path: Path) -> None:
    everybody = "0.0.0.0"  # noqa: S104 - refused is what it is to be
    done = pmrunnerd(tmp_path, "--state-dir", str(tmp_path / "state"), "--web-host", everybody)
    assert done.returncode == CANNOT_START
    assert done.stderr.startswith("pmrunnerd: cannot listen at 0.0.0.0:")


def test_a_state_that_cannot_be_made_is_told_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = pmrunnerd(tmp_path, "--state-dir", str(tmp_path / "file" / "state"))
    assert done.returncode != 0
    assert done.stderr.startswith("pmrunnerd: cannot open ")
    assert "Traceback" not in done.stderr
