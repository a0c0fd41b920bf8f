"""A state that may not be read, by who owns it: each command says so, and nothing is changed."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.daemon import Daemon, environment
from tests.integration.refusals import everything, is_refused

# Root may read everything by these; who has let go of them is like anybody else.
POWERS = "-dac_override,-dac_read_search"


def typed(home: Path, *words: str) -> "subprocess.CompletedProcess[bytes]":
    let_go: list[str] = []
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("setpriv is not installed")
        let_go = ["setpriv", "--bounding-set", POWERS, "--inh-caps", POWERS, "--"]
    return subprocess.run(
        [*let_go, sys.executable, "-m", "pmrunnerctl", *words],
        env=environment(home),
        cwd=home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=90,
        check=False,
    )


@pytest.fixture
def state(tmp_path: Path) -> Path:
    with Daemon(tmp_path / "state") as daemon:
        daemon.add_project("cake")
        assert daemon.ctl("state", "backup", str(tmp_path / "a.tar.gz")).returncode == 0
    return tmp_path / "state"


def _kept(state: Path) -> dict[str, bytes]:
    return {name: held for name, held in everything(state).items() if not name.endswith(".log")}


@pytest.fixture(params=[".", "journal"])
def shut(request: pytest.FixtureRequest, state: Path) -> Iterator[Path]:
    """Close a part of the state; yield it, and look that nothing was changed."""
    before, path = _kept(state), state / request.param
    path.chmod(0)
    try:
        yield path
    finally:
        path.chmod(0o700)
    assert _kept(state) == before
    assert not (state / "restore").exists()


@pytest.mark.parametrize("verb", ["verify", "repair", "restore", "backup"])
def test_a_command_of_a_closed_state_is_forbidden_and_names_what_is_closed(
    tmp_path: Path, state: Path, shut: Path, verb: str
) -> None:
    archive = {"restore": ["a.tar.gz"], "backup": ["b.tar.gz"]}.get(verb, [])
    done = typed(tmp_path, "state", verb, "--state-dir", str(state), *archive)

    is_refused(done, 6, str(shut), f"ls -ld {shut}")
    assert not (tmp_path / "b.tar.gz").exists()


def test_a_doctor_of_a_closed_state_names_what_is_closed(
    tmp_path: Path, state: Path, shut: Path
) -> None:
    done = typed(tmp_path, "doctor", "--state-dir", str(state))
    rows = done.stdout.decode().splitlines()

    assert done.returncode == 8
    assert any(
        row.split()[:2] == ["state", "problem"] and f"{shut} is closed" in row for row in rows
    )
    assert f"state: ls -ld {shut}; chmod -R u+rwX {shut}" in rows
    assert not any("answers at" in row and "nobody" not in row for row in rows)


def test_a_start_on_a_closed_state_says_what_to_look_at(
    tmp_path: Path, state: Path, shut: Path
) -> None:
    done = typed(tmp_path, "start", "--state-dir", str(state), "--port", "0")

    if shut == state:
        is_refused(done, 6, f"you may not look into {state}", f"ls -ld {state}")
    else:
        assert done.returncode == 8
        assert f"hint: ls -ld {state} {shut}" in done.stderr.decode()


@pytest.mark.parametrize("verb", ["verify", "restore"])
def test_an_archive_that_is_not_there_is_not_found(tmp_path: Path, verb: str) -> None:
    (tmp_path / "state").mkdir()
    where = ["--state-dir", str(tmp_path / "state")] if verb == "restore" else []
    done = typed(tmp_path, "state", verb, *where, "none.tar.gz")

    is_refused(done, 3, "cannot read none.tar.gz: there is no such file", f"ls -ld {tmp_path}")


def test_an_archive_that_is_not_there_is_not_found_by_a_daemon_either(tmp_path: Path) -> None:
    with Daemon(tmp_path / "state") as daemon:
        done = daemon.ctl("state", "restore", str(tmp_path / "none.tar.gz"))

    assert done.returncode == 3
    assert f"hint: ls -ld {tmp_path}\n" in done.stderr
