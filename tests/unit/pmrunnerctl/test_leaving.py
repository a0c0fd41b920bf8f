import os
import subprocess
import sys
from pathlib import Path

import pytest

from pmrunnerctl import leaving
from pmrunnerctl.session import Session
from pmrunnerd.model import protocol as p
from tests.fakes.daemon import FakeDaemon
from tests.unit.pmrunnerctl import samples


@pytest.fixture
def session(daemon: FakeDaemon) -> Session:
    made = Session()
    made.socket, made.patience = daemon.path, 0
    return made


def test_a_process_is_watched_to_its_end_whatever_its_socket_does(tmp_path: Path) -> None:
    waits = "import sys; sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", waits], stdin=subprocess.PIPE) as running:
        process = os.pidfd_open(running.pid)
        assert not leaving.gone(tmp_path / "no-socket", process, within=0.05)
        assert running.stdin is not None
        running.stdin.close()

        assert leaving.gone(tmp_path / "no-socket", process, within=180)
        os.close(process)


def test_where_no_process_is_known_the_socket_is_watched(daemon: FakeDaemon) -> None:
    assert not leaving.gone(daemon.path, None, within=0.05)
    daemon.close()

    assert leaving.gone(daemon.path, None, within=180)


def test_a_process_is_only_relied_on_if_the_kernel_names_it_too(
    session: Session, daemon: FakeDaemon
) -> None:
    assert leaving.pid_here(session, samples.overview(pid=os.getpid())) == os.getpid()
    assert leaving.pid_here(session, samples.overview(pid=os.getpid() + 1)) == 0
    session.close()
    assert not daemon.heard


@pytest.mark.parametrize("keep_runs", [True, False])
def test_a_daemon_is_asked_to_leave_and_waited_for(
    session: Session, daemon: FakeDaemon, *, keep_runs: bool
) -> None:
    def stop(_: object) -> p.Done:
        daemon.refuse()
        return p.Done(id="dev")

    daemon.answers[p.Stop] = stop

    leaving.leave(session, samples.overview(pid=1), keep_runs=keep_runs)

    assert daemon.requests() == [p.Stop(keep_runs=keep_runs)]
