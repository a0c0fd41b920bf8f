"""Who may ask what, as the kernel tells it: by real processes of other users."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pmrunnerd.api.access import Roles
from pmrunnerd.model import frames as f
from pmrunnerd.model import protocol as p
from pmrunnerd.model.protocol import Access
from tests.integration.api.callers import PATIENCE, call, opened
from tests.unit.api import desks
from tests.unit.api.desks import at_work

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")

SOMEBODY, AGENT, BUILD = 45678, 45679, 61200
READERS, WORKERS, OTHERS = 45700, 45701, 45702
ROLES = Roles(
    own=0,
    groups={READERS: Access.READ, WORKERS: Access.OPERATE},
    denied=frozenset({AGENT}),
)
# Relative to where it stands: the directories above are not another user's to walk through.
VISIT = """
import os, socket, sys
uid, gid, *groups = map(int, sys.argv[1:])
said = sys.stdin.buffer.read()
os.setgroups(groups)
os.setgid(gid)
os.setuid(uid)
with socket.socket(socket.AF_UNIX) as caller:
    caller.connect("s")
    try:
        caller.sendall(said)
        caller.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # hung up on already; what it said is still there to read
    try:
        while more := caller.recv(65536):
            sys.stdout.buffer.write(more)
    except ConnectionResetError:
        pass
"""


def frames(said: bytes) -> list[dict[str, Any]]:
    found = []
    while said:
        size = int.from_bytes(said[: f.HEADER], "big") + f.HEADER
        found.append(msgspec.msgpack.decode(said[f.HEADER : size]))
        said = said[size:]
    return found


def visit(directory: Path, uid: int, *gids: int) -> list[dict[str, Any]]:
    """What the door says to somebody who says hello, looks and changes something."""
    said = f.encode(f.Hello()) + call(1, p.ProjectList())
    said += call(2, p.ChatSend(project="demo", text="do it"), "a")
    done = subprocess.run(
        [sys.executable, "-c", VISIT, str(uid), *map(str, gids)],
        input=said,
        cwd=directory,
        capture_output=True,
        check=True,
        timeout=PATIENCE,
    )
    return frames(done.stdout)


@pytest.fixture(autouse=True)
def _open_to_all(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)


async def visited(tmp_path: Path, uid: int, *gids: int) -> list[dict[str, Any]]:
    async with at_work(tmp_path) as desk, opened(desk, tmp_path / "s", roles=ROLES) as door:
        # As the installed system does it with a group: who may connect is the file's business.
        door.path.chmod(0o666)
        await desk.store.commit(desks.added())
        return await asyncio.to_thread(visit, tmp_path, uid, *gids)


@pytest.mark.parametrize(
    "gids",
    [(SOMEBODY, WORKERS), (WORKERS,), (READERS, OTHERS, WORKERS)],
    ids=["supplementary", "primary", "both"],
)
def test_a_group_that_operates_looks_and_changes(tmp_path: Path, gids: tuple[int, ...]) -> None:
    hello, looked, changed = asyncio.run(visited(tmp_path, SOMEBODY, *gids))
    assert (hello["frame"], looked["frame"]) == ("hello", "ok")
    assert changed["result"] == {"id": "m1"}


def test_a_group_that_reads_looks_and_changes_nothing(tmp_path: Path) -> None:
    _, looked, changed = asyncio.run(visited(tmp_path, SOMEBODY, SOMEBODY, READERS))
    assert looked["frame"] == "ok"
    assert (changed["code"], changed["call"]) == ("forbidden", 2)
    assert changed["message"] == f"cannot do chat send: uid {SOMEBODY} may read, not operate"
    assert "usermod -aG pm-runner " in changed["hint"]


@pytest.mark.parametrize(
    ("uid", "gids"),
    [(SOMEBODY, (SOMEBODY, OTHERS)), (AGENT, (AGENT, WORKERS)), (BUILD, (BUILD, WORKERS))],
    ids=["a stranger", "an agent in a group", "a dynamic user in a group"],
)
def test_anybody_else_is_told_so_and_sees_nothing(
    tmp_path: Path, uid: int, gids: tuple[int, ...]
) -> None:
    (failed,) = asyncio.run(visited(tmp_path, uid, *gids))
    assert (failed["frame"], failed["call"], failed["code"]) == ("failed", 0, "forbidden")
    assert failed["message"].startswith(f"cannot let uid {uid} in: ")


def test_root_and_the_daemon_itself_administer(tmp_path: Path) -> None:
    _, looked, changed = asyncio.run(visited(tmp_path, 0, 0))
    assert (looked["frame"], changed["frame"]) == ("ok", "ok")


# Everything is imported before it becomes somebody else, to whom our interpreter may be closed.
KNOCK = """
import os, sys
from pathlib import Path
from pmrunnerctl.client import Client
from pmrunnerctl.exits import Cannot
from pmrunnerctl.where import Place
uid = int(sys.argv[1])
os.setgroups([])
os.setgid(uid)
os.setuid(uid)
try:
    Client(Place(Path("s"), ""), patience=0.0, tell=print).hello()
except Cannot as error:
    print(error.code, int(error.exits), error, error.hint, sep="|")
"""


def test_who_has_no_permission_on_the_socket_is_told_in_words(tmp_path: Path) -> None:
    async def scenario() -> str:
        async with at_work(tmp_path) as desk, opened(desk, tmp_path / "s", roles=ROLES):
            done = await asyncio.to_thread(
                subprocess.run,
                [sys.executable, "-c", KNOCK, str(SOMEBODY)],
                cwd=tmp_path,
                env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
                capture_output=True,
                text=True,
                check=True,
                timeout=PATIENCE,
            )
            return done.stdout.strip()

    code, _, message, hint = asyncio.run(scenario()).split("|")
    assert (code, message) == ("forbidden", "cannot reach pmrunnerd at s: permission denied")
    # Which of them depends on the machine: whether it has the group.
    assert hint.startswith(("sudo usermod -aG pm-runner ", "sudo -u root pmrunnerctl --socket s "))
