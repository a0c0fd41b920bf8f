"""Each way out of the sandbox, tried; and tried without it, to see that the attempt is a real one."""

import asyncio
import contextlib
import os
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pmrunnerd.services import mounts, sandbox
from pmrunnerd.services.outcome import Exited, Outcome, collect
from pmrunnerd.services.sandbox import Sandbox
from tests.unit.services.parts import (
    ENVIRONMENT,
    agent_directory,
    confined,
    needs_root,
    needs_sandbox,
    unconfined,
)

pytestmark = needs_sandbox

_CONNECT = "import socket, sys; socket.socket(socket.{family}).connect({address})"


class World:
    """What lies around a workspace and is none of an agent's business."""

    def __init__(self, root: Path) -> None:
        self.workspace = root / "projects/mine"
        self.other = root / "projects/other"
        self.state = root / "state"
        for path in (self.workspace, self.other, self.state / "runs/r9-0000"):
            path.mkdir(parents=True)
        (self.state / "secret").write_text("secret\n")
        self.agent = agent_directory(self.state / "runs/r1-0000")

    def run(self, script: str, *, walls: bool) -> Outcome:
        make = confined if walls else unconfined
        cell = make(self.workspace, self.agent)

        async def run() -> Outcome:
            running = await cell.start(["bash", "-c", script], ENVIRONMENT)
            return await collect(running, total=60, limit=100_000)

        return asyncio.run(run())


@contextlib.contextmanager
def _neighbours(root: Path) -> Iterator[dict[str, str]]:
    """Have somebody at every door that an agent could knock at, and a process to attack."""
    with contextlib.ExitStack() as stack:
        victim = stack.enter_context(subprocess.Popen(["sleep", "1000"]))
        stack.callback(victim.kill)
        tcp = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        named = stack.enter_context(socket.socket(socket.AF_UNIX))
        # The shortest way: an address may have 107 bytes.
        here = os.open(root, os.O_PATH)
        stack.callback(os.close, here)
        named.bind(f"/proc/self/fd/{here}/s")
        named.listen()
        abstract = stack.enter_context(socket.socket(socket.AF_UNIX))
        abstract.bind(f"\0pm-test-{os.getpid()}")
        abstract.listen()
        yield {
            "pid": str(victim.pid),
            "tcp": _CONNECT.format(family="AF_INET", address=tcp.getsockname()),
            "named": f"import os; os.chdir({str(root)!r}); "
            + _CONNECT.format(family="AF_UNIX", address="'s'"),
            "abstract": _CONNECT.format(
                family="AF_UNIX", address=f"bytes(1) + b'pm-test-{os.getpid()}'"
            ),
        }


# Each exits 0 if it got out.
NETWORK = "grep -qv -e face -e Inter- -e 'lo:' /proc/net/dev"
ATTEMPTS = {
    "write beside the workspace": "echo x > ../escaped",
    "write into another workspace": "echo x > {other}/escaped",
    "write through a link": "ln -sfn {other} link && echo x > link/escaped",
    "read the state": "cat {state}/secret",
    "read the state through a link": "ln -sfn {state} link && cat link/secret",
    "list other runs": "ls {state}/runs/r9-0000",
    "write its own run directory": "echo x > {state}/runs/r1-0000/events.jsonl",
    "see another workspace": "ls -d {other}",
    "see a process": "test -e /proc/{pid}",
    "signal a process": "kill -0 {pid}",
    "read a process's environment": "cat /proc/{pid}/environ",
    "reach TCP on the loopback": 'python3 -c "{tcp}"',
    "reach a Unix socket": 'python3 -c "{named}"',
    "reach an abstract socket": 'python3 -c "{abstract}"',
    "use the network": NETWORK,
}
ROOT_S_ATTEMPTS = {
    "read a secret of the machine": "cat /etc/shadow",
    # Opened and not written: what an attempt can do must not depend on its being stopped.
    "change a setting of the kernel": ": >> /proc/sys/kernel/core_pattern",
    "change another setting": ": >> /proc/sys/kernel/hostname",
    "see a device of the machine": "ls /dev/kmsg",
}


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_there_is_no_way_out(tmp_path: Path, attempt: str) -> None:
    _try(tmp_path, ATTEMPTS[attempt])


@needs_root
@pytest.mark.parametrize("attempt", ROOT_S_ATTEMPTS)
def test_there_is_no_way_out_for_root_either(tmp_path: Path, attempt: str) -> None:
    _try(tmp_path, ROOT_S_ATTEMPTS[attempt])


def _try(root: Path, attempt: str) -> None:
    world = World(root)
    with _neighbours(root) as names:
        places = {"other": world.other, "state": world.state}
        script = attempt
        for name, value in {**names, **places}.items():
            script = script.replace(f"{{{name}}}", str(value))
        inside = world.run(script, walls=True)
        assert isinstance(inside, Exited)
        # What it wrote, if it could, went to a /tmp of its own.
        assert inside.status != 0 or "escaped" in script, inside.out
        assert inside.status != 127, inside.err
        assert list(root.rglob("escaped")) == []

        outside = world.run(script, walls=False)
        assert isinstance(outside, Exited)
        assert outside.status == (attempt == NETWORK and _is_cut_off()), outside.err
        assert bool(list(root.rglob("escaped"))) is ("escaped" in script)


def _is_cut_off() -> bool:
    """Tell whether there is no network here either, as in a gate."""
    return subprocess.run(["sh", "-c", NETWORK], check=False).returncode != 0


@needs_root
def test_what_is_read_only_cannot_be_made_writable_even_by_root(tmp_path: Path) -> None:
    world = World(tmp_path)
    # In a mount namespace of its own, and nothing is written: the machine does not notice.
    attempt = "mount -o remount,rw,bind /usr && touch -c /usr/bin"
    inside = world.run(attempt, walls=True)
    assert isinstance(inside, Exited)
    assert inside.status != 0

    bwrap = sandbox.find()
    assert bwrap is not None
    whole = Sandbox(bwrap=bwrap, machine=sandbox.look(), workspace=world.workspace)
    argv = whole.argv(["mount", "-o", "remount,rw,bind", "/usr"], ENVIRONMENT)
    at = argv.index("--cap-drop")
    weak = subprocess.run(argv[:at] + argv[at + 2 :], capture_output=True, text=True, check=False)
    assert weak.returncode == 0, "without --cap-drop it would have worked"


@needs_root
def test_every_setting_of_the_kernel_is_out_of_reach(tmp_path: Path) -> None:
    world = World(tmp_path)
    # Opens each file that it may, and writes nothing.
    count = (
        "find /proc -maxdepth 5 -not -path '/proc/[0-9]*' -type f -perm /222 2>/dev/null"
        " | while read -r f; do (: >> $f) 2>/dev/null && echo $f; done; true"
    )
    inside = world.run(count, walls=True)
    assert isinstance(inside, Exited)
    assert inside.out == b""

    outside = world.run(count, walls=False)
    assert isinstance(outside, Exited)
    assert len(outside.out.splitlines()) > 10


def test_only_the_workspace_the_home_and_tmp_can_be_written(tmp_path: Path) -> None:
    world = World(tmp_path)
    script = (
        "for d in $(find / -xdev -maxdepth 4 -type d -not -path '/proc/*' -not -path '/dev/*'"
        " 2>/dev/null) /dev/shm /tmp $PWD /run/pm-agent/home; do"
        " (: > $d/.probe) 2>/dev/null && echo $d && rm -f $d/.probe; done; true"
    )
    found = world.run(script, walls=True)
    assert isinstance(found, Exited)

    writable = set(found.out.decode().split())
    assert {str(world.workspace), "/tmp", "/run/pm-agent/home"} <= writable
    allowed = ("/tmp", "/run/pm-agent/home", "/dev", str(world.workspace), "/var/tmp")
    assert {d for d in writable if not d.startswith(allowed)} == set()


def test_the_private_loopback_works_for_the_agent_s_own_servers(tmp_path: Path) -> None:
    script = (
        "import socket; s = socket.create_server(('127.0.0.1', 0));"
        "socket.create_connection(s.getsockname()); print('talked')"
    )
    found = World(tmp_path).run(f'python3 -c "{script}"', walls=True)

    assert found == Exited(0, b"talked\n", b"")


def test_a_state_below_what_is_shown_is_covered(tmp_path: Path) -> None:
    """Somebody keeps the state below /usr: /usr is shown, the state is not."""
    bwrap = sandbox.find()
    assert bwrap is not None
    hidden = Path("/usr/share/doc")
    for covers, expected in ((sandbox.look(), True), (sandbox.look([hidden]), False)):
        box = Sandbox(bwrap=bwrap, machine=covers, workspace=tmp_path)
        argv = box.argv(["sh", "-c", f"ls -A {hidden} | grep -q ."], ENVIRONMENT)
        assert (subprocess.run(argv, check=False).returncode == 0) is expected


@needs_root
def test_an_ordinary_user_s_sandbox_has_the_same_walls() -> None:
    bwrap = sandbox.find()
    assert bwrap is not None
    # Not below pytest's own directory, which nobody else may enter.
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        root.chmod(0o755)
        workspace = root / "workspace"
        workspace.mkdir()
        os.chown(workspace, 54321, 54321)
        (root / "open").mkdir(mode=0o777)
        (root / "open").chmod(0o777)
        machine = (
            *mounts.system(),
            *mounts.secrets(),
            *("--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"),
        )
        box = Sandbox(bwrap=bwrap, machine=machine, workspace=workspace)
        script = (
            f"id -u; touch made; touch {root}/open/escaped; cat /proc/net/dev | wc -l; ls /proc"
        )
        argv = [
            *("setpriv", "--reuid", "54321", "--regid", "54321", "--clear-groups", "--"),
            *box.argv(["sh", "-c", script], ENVIRONMENT),
        ]
        done = subprocess.run(argv, cwd="/", capture_output=True, text=True, check=False)

        assert done.stdout.splitlines()[:2] == ["54321", "3"], done.stderr
        assert (workspace / "made").exists()
        assert not (root / "open/escaped").exists()
        assert str(os.getpid()) not in done.stdout.split()
