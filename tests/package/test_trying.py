"""A gate's command, before it is one."""

import importlib
import os
import socket
import subprocess
import sys
from pathlib import Path

from tests.house.tree import ROOT

# Of the package: it is no Python package, and so is found by its directory.
sys.path.append(str(ROOT / "packaging"))
trying = importlib.import_module("trying")


def held(there: socket.socket, command: str, cwd: Path) -> "subprocess.Popen[bytes]":
    argv = ["bash", "-c", trying._HELD, "gate", str(there.fileno()), command]
    return subprocess.Popen(argv, pass_fds=(there.fileno(),), cwd=cwd)


def test_a_command_that_nobody_attends_never_begins(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()
    with theirs, held(theirs, "touch begun", tmp_path) as command:
        theirs.close()
        assert ours.recv(1) == b"\n"  # it is there, and waits
        ours.close()
        assert command.wait(30) == 1
    assert not (tmp_path / "begun").exists()


def test_one_that_is_let_go_begins_and_sees_nothing_of_it(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()
    look = "echo $0 $# $-; ls -l /proc/$$/fd | grep -c socket: || true; false | true"
    with theirs, held(theirs, f"{{ {look}; }} > said", tmp_path) as command:
        theirs.close()
        trying.let_go(ours, 30.0)
        assert command.wait(30) == 1  # by pipefail
    assert (tmp_path / "said").read_text().split() == ["bash", "0", "ehuBc", "0"]


def test_who_waits_for_one_that_never_comes_goes_on(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()
    theirs.close()
    trying.let_go(ours, 30.0)
    assert ours.fileno() == -1


def test_whose_parent_is_gone_already_ends_at_once() -> None:
    read, write = os.pipe()
    child = os.fork()
    if not child:
        trying.die_with(1 << 30)
        os.write(write, b"still there")
        os._exit(0)
    os.close(write)
    with open(read, "rb") as said:  # noqa: PTH123
        assert said.read() == b""
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
