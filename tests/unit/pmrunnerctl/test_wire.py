import grp
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pmrunnerctl.asking import message
from pmrunnerctl.exits import Cannot, Exit, Silent
from pmrunnerctl.failures import Lost
from pmrunnerctl.where import Place
from pmrunnerctl.wire import Connection
from pmrunnerd import __version__
from pmrunnerd.model import frames
from pmrunnerd.model import protocol as p
from pmrunnerd.model.errors import Code
from pmrunnerd.model.views import Overview
from tests.fakes.daemon import HANG_UP, SILENCE, FakeDaemon
from tests.unit.pmrunnerctl import samples

STATUS = frames.to_client(Overview)


@contextmanager
def connected(path: Path, within: float = 5) -> Iterator[Connection]:
    connection = Connection(Place(path, "", "pmrunnerctl start"), within=within)
    try:
        yield connection
    finally:
        connection.close()


def test_both_say_hello_and_who_they_are(daemon: FakeDaemon) -> None:
    with connected(daemon.path) as connection:
        assert (connection.hello.environment, connection.hello.release) == ("dev", "1.2.3")
        assert connection.peer == (os.getpid(), os.geteuid())

    assert [hello.release for hello in daemon.hellos] == [__version__]


def test_frames_that_arrive_together_are_told_apart(daemon: FakeDaemon) -> None:
    daemon.answers[p.Status] = [samples.overview(pid=1), samples.overview(pid=2)]
    with connected(daemon.path) as connection:
        connection.send(message(p.Status()) * 2)

        pids = [connection.receive(STATUS, within=5).result.pid for _ in range(2)]

    assert pids == [1, 2]


def test_a_missing_socket_may_come_back_but_a_missing_directory_will_not(tmp_path: Path) -> None:
    with pytest.raises(Lost, match="no daemon listens"), connected(tmp_path / "control.sock"):
        pass
    with pytest.raises(Cannot, match="there is no directory") as caught:  # noqa: SIM117
        with connected(tmp_path / "nowhere/control.sock"):
            pass

    assert (caught.value.exits, caught.value.hint) == (Exit.UNREACHABLE, "pmrunnerctl start")


def test_a_stale_socket_is_a_daemon_that_is_away(tmp_path: Path) -> None:
    daemon = FakeDaemon(tmp_path / "control.sock")
    with daemon:
        daemon.path.rename(tmp_path / "stale")

    with pytest.raises(Lost, match="no daemon listens"), connected(tmp_path / "stale"):
        pass


def test_what_is_no_socket_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(Lost, match="no daemon listens"), connected(tmp_path / "file"):
        pass


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
@pytest.mark.parametrize("there_is_one", [True, False])
def test_who_may_not_connect_is_told_which_group_to_join_where_there_is_one(
    daemon: FakeDaemon, *, there_is_one: bool
) -> None:
    script = f"""
import grp, os, pmrunnerctl.address, pmrunnerctl.status, pmrunnerctl.wire
from pmrunnerctl.cli import run
there, none = grp.getgrgid(os.getgid()).gr_name, "no-such-group"
pmrunnerctl.wire._GROUP = there if {there_is_one} else none
os.setgid(65534); os.setuid(65534)
raise SystemExit(run(["--socket", {str(daemon.path)!r}, "status"]))
"""
    daemon.path.chmod(0o600)
    done = subprocess.run(
        [sys.executable, "-c", script], check=False, capture_output=True, text=True
    )

    assert "permission denied" in done.stderr
    group = grp.getgrgid(os.getgid()).gr_name
    joins = f"hint: sudo usermod -aG {group} $USER"
    asks = f"hint: sudo -u root pmrunnerctl --socket {daemon.path} status"
    assert (joins if there_is_one else asks) in done.stderr
    assert (asks if there_is_one else joins) not in done.stderr
    assert done.returncode == Exit.FORBIDDEN


@pytest.mark.parametrize(
    ("greeting", "why"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "a frame of"),
        (struct.pack(">I", 3) + b"\xff\xff\xff", "cannot understand"),
        (frames.encode(frames.Closed(call=1, reason="x")), "cannot understand"),
        (
            frames.encode(frames.Hello(lowest=7, highest=9, release="8")),
            "it speaks protocol 7 to 9",
        ),
        (
            frames.encode(frames.Failed(call=0, code=Code.FORBIDDEN, message="cannot let x in")),
            "cannot let x in",
        ),
    ],
)
def test_who_does_not_greet_as_we_do_is_not_asked(
    tmp_path: Path, greeting: bytes, why: str
) -> None:
    with (
        FakeDaemon(tmp_path / "s", greeting=greeting) as daemon,
        pytest.raises(Cannot, match=why) as caught,
        connected(daemon.path),
    ):
        pass

    assert caught.value.exits is (Exit.FORBIDDEN if "let" in why else Exit.UNREACHABLE)
    assert not daemon.heard


def test_a_daemon_with_too_many_guests_is_asked_again(tmp_path: Path) -> None:
    full = frames.Failed(call=0, code=Code.UNAVAILABLE, message="256 are connected", retryable=True)
    with (
        FakeDaemon(tmp_path / "s", greeting=frames.encode(full)) as daemon,
        pytest.raises(Lost, match="256 are connected"),
        connected(daemon.path),
    ):
        pass


def test_a_daemon_that_says_nothing_is_waited_for_only_so_long(tmp_path: Path) -> None:
    with (
        FakeDaemon(tmp_path / "s", greeting=b"") as daemon,
        pytest.raises(Cannot, match="it does not answer"),
        connected(daemon.path, within=0.1),
    ):
        pass


def test_who_hangs_is_named_with_what_ends_it_and_it_is_said_after_a_second(tmp_path: Path) -> None:
    told: list[str] = []
    with (
        FakeDaemon(tmp_path / "s", greeting=b"") as daemon,
        pytest.raises(Silent, match=rf"does not answer \(pid {os.getpid()}\)") as caught,
    ):
        Connection(Place(daemon.path, ""), within=1.1, tell=told.append)

    assert told == ["waiting for pmrunnerd, at most 1.1 s: it does not answer"]
    assert caught.value.hint == (
        f"kill -9 {os.getpid()}; pmrunnerctl start   nothing that was acknowledged is lost"
    )


def test_a_number_of_a_daemon_that_is_gone_is_nobody_to_kill(tmp_path: Path) -> None:
    listens = "import socket, sys; socket.socket(fileno=int(sys.argv[1])).listen()"
    with socket.socket(socket.AF_UNIX) as kept:  # as systemd keeps one that its daemon listened on
        kept.bind(os.fspath(tmp_path / "s"))
        argv = [sys.executable, "-c", listens, str(kept.fileno())]
        subprocess.run(argv, check=True, pass_fds=[kept.fileno()])
        with pytest.raises(Silent) as caught:
            Connection(Place(tmp_path / "s", ""), within=0.1)

    assert str(caught.value).endswith("it does not answer")
    assert caught.value.hint == "pmrunnerctl start"


def test_an_answer_is_waited_for_only_so_long(daemon: FakeDaemon) -> None:
    daemon.answers[p.Status] = SILENCE
    with connected(daemon.path) as connection:
        connection.send(message(p.Status()))

        with pytest.raises(Cannot, match="it is slow to answer this") as caught:
            connection.receive(STATUS, within=0.1)
    # It said hello, so it lives: nobody is told to kill it for one answer that takes long.
    assert caught.value.hint == "pmrunnerctl doctor   # looks at it from outside, too"


def test_an_end_in_the_place_of_an_answer_is_a_daemon_that_went_away(daemon: FakeDaemon) -> None:
    daemon.answers[p.Status] = HANG_UP
    with connected(daemon.path) as connection:
        connection.send(message(p.Status()))

        with pytest.raises(Lost, match="closed the connection"):
            connection.receive(STATUS, within=5)
