import os
import subprocess
import sys
import time
from pathlib import Path

from tests.integration.daemon import environment

SCENE = """
import os, sys
from pathlib import Path
from pmrunnerd.detach import detach
from pmrunnerd.options import parse

def run(report):
    {body}
    return 0

sys.exit(detach(parse(["--state-dir", sys.argv[1]], {{}}), run))
"""


def detached(tmp_path: Path, body: str) -> subprocess.CompletedProcess[str]:
    """Detach a function with this body; return what the one who started it saw."""
    return subprocess.run(
        [sys.executable, "-c", SCENE.format(body=body), str(tmp_path / "state")],
        env=environment(tmp_path),
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_whoever_starts_it_returns_when_it_is_ready_and_is_told_where_it_is(tmp_path: Path) -> None:
    done = detached(tmp_path, "report('')")
    assert (done.returncode, done.stderr) == (0, "")
    assert str(tmp_path / "state" / "control.sock") in done.stdout


def test_a_reason_why_not_comes_back_to_whoever_starts_it(tmp_path: Path) -> None:
    done = detached(tmp_path, "report('pmrunnerd: cannot start: no\\n')")
    assert (done.returncode, done.stderr) == (1, "pmrunnerd: cannot start: no\n")


def test_a_death_without_a_word_is_a_failure_that_names_the_log(tmp_path: Path) -> None:
    done = detached(tmp_path, "os.write(2, b'last words\\n'); os._exit(3)")
    assert done.returncode == 1
    assert f"hint: tail {tmp_path / 'state' / 'pmrunnerd.log'}" in done.stderr
    assert (tmp_path / "state" / "pmrunnerd.log").read_text() == "last words\n"


def test_a_state_directory_that_cannot_be_made_is_told_without_a_traceback(
    tmp_path: Path,
) -> None:
    (tmp_path / "state").touch()
    done = detached(tmp_path, "report('')")
    assert done.returncode == 1
    assert done.stderr.startswith(f"pmrunnerd: cannot write {tmp_path / 'state'}")
    assert "Traceback" not in done.stderr


def test_the_daemon_is_a_process_of_its_own_session(tmp_path: Path) -> None:
    # It says so before it says that it is ready, so that it can be read afterwards.
    body = "Path('who').write_text(f'{os.getsid(0)}'); report('')"
    assert detached(tmp_path, body).returncode == 0
    session = int((tmp_path / "state" / "who").read_text())
    assert session != os.getsid(0)


def test_a_state_directory_that_it_makes_is_private_from_the_first_moment(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        detached(tmp_path, "report('')")
    finally:
        os.umask(before)
    assert (tmp_path / "state").stat().st_mode & 0o7777 == 0o700


def test_a_log_that_ends_in_the_middle_of_a_line_is_gone_on_with_on_the_next(
    tmp_path: Path,
) -> None:
    log = tmp_path / "state" / "pmrunnerd.log"
    log.parent.mkdir()
    log.write_text("whole\nhal")
    for _ in range(2):
        detached(tmp_path, "report(''); sys.stderr.write('said\\n')")
        while not log.read_text().endswith("said\n"):
            time.sleep(0.01)

    assert set(log.read_text().splitlines()) == {"whole", "hal", "said"}
