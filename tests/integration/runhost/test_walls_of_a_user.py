"""The walls of the kernel, and those of an ordinary user: each held, and fallen where it is missing.

The sandbox itself is started here, without a run host: an ordinary user's needs no more, and what
it inherits is said by the test.
"""

import asyncio
import os
import pty
import select
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pmrunnerd.services import guard, leftovers, mounts, sandbox, syscalls
from pmrunnerd.services.sandbox import Sandbox
from tests.integration.runhost.hosts import Hosts, printed
from tests.integration.runhost.walls import weaker
from tests.unit.services.parts import (
    ENVIRONMENT,
    eventually,
    needs_root,
    needs_sandbox,
    processes,
)

pytestmark = needs_sandbox

USER = 54323
_BECOME = ("setpriv", "--reuid", str(USER), "--regid", str(USER), "--clear-groups", "--")


def _run(script: str, workspace: Path, path: str = "", *, user: bool = False) -> tuple[int, str]:
    """Run a script in a sandbox, by the bubblewrap of a PATH; return its status and output."""
    bwrap = path.partition(":")[0] + "/bwrap" if path else sandbox.find()
    assert bwrap is not None
    # Not our interpreter, which may lie where that user may not go; and nothing covered in /proc,
    # as it is for whom the kernel does not let write its settings anyway.
    machine = (
        *(*mounts.system(), *mounts.secrets(), "--proc", "/proc", "--dev", "/dev"),
        *mounts.memory("/tmp"),
    )
    machine = machine if user else sandbox.look()
    box = Sandbox(bwrap=bwrap, machine=machine, workspace=workspace, guarded=guard.find(workspace))
    with syscalls.lent(syscalls.rules()) as rules:
        done = subprocess.run(
            [
                *(_BECOME if user else ()),
                *box.argv(["bash", "-c", script], ENVIRONMENT, rules=rules),
            ],
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            pass_fds=() if rules is None else (rules,),
            check=False,
        )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def place() -> Iterator[Path]:
    """A place that anybody may enter, which pytest's own is not."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        root.chmod(0o755)
        for part in ("workspace", "outside"):
            (root / part).mkdir()
            os.chown(root / part, USER, USER)
        yield root


_VICTIM = "test -e /proc/{victim} && kill -9 {victim}"
USERS_ATTEMPTS = {
    "write outside": ("echo x > {outside}/escaped", (), ("{outside}",)),
    "kill its user's process": (_VICTIM, ("own processes",), ()),
    "connect to an abstract socket": (
        "python3 -c \"import socket; socket.socket(socket.AF_UNIX).connect(b'\\0pm-user-{victim}')\"",
        ("own network",),
        (),
    ),
}


@needs_root
@pytest.mark.parametrize("attempt", USERS_ATTEMPTS)
def test_an_ordinary_user_s_run_gets_out_only_where_that_wall_is_missing(
    place: Path, attempt: str
) -> None:
    script, walls, unseen = USERS_ATTEMPTS[attempt]
    listen = (
        "import os, socket, time; s = socket.socket(socket.AF_UNIX);"
        " s.bind(f'\\0pm-user-{os.getpid()}'); s.listen(); print(flush=True); time.sleep(100)"
    )
    with subprocess.Popen(
        [*_BECOME, "/usr/bin/python3", "-c", listen], stdout=subprocess.PIPE, cwd="/"
    ) as victim:
        assert victim.stdout is not None
        victim.stdout.readline()
        names = {"outside": str(place / "outside"), "victim": str(victim.pid)}
        for name, value in names.items():
            script = script.replace(f"{{{name}}}", value)
        strong = weaker(place / "strong")
        status, said = _run(script, place / "workspace", strong, user=True)
        assert status not in {0, 127}, said
        assert victim.poll() is None
        assert not (place / "outside/escaped").exists()

        shown = tuple(Path(one.format(**names)) for one in unseen)
        weak = weaker(place / "weak", without=walls, shown=shown)
        status, said = _run(script, place / "workspace", weak, user=True)
        assert status == 0, said
        victim.kill()


@needs_root
@pytest.mark.parametrize("user", [False, True], ids=["root", "an ordinary user"])
def test_a_user_namespace_is_allowed_and_gives_nothing(place: Path, user: bool) -> None:
    inside = "unshare --user --keep-caps --mount"
    if not user:
        os.chown(place / "workspace", 0, 0)
    there = _run(f"{inside} true && echo it is", place / "workspace", user=user)
    assert there == (0, "it is\n")
    for attempt in (
        "mount -o remount,rw,bind /usr",
        "mount -o remount,rw,bind /",
        "umount /usr",
        "umount /etc/shadow",
        "mknod /tmp/disk b 8 0",
        "sh -c ': >> /proc/sys/kernel/core_pattern'",
        "unshare --cgroup true",
        "unshare --pid --fork sh -c 'mount -t proc p /tmp && : >> /tmp/sys/kernel/core_pattern'",
    ):
        status, said = _run(f"{inside} {attempt}", place / "workspace", user=user)
        assert status != 0, (attempt, said)


_KEY = """\
import ctypes, sys
libc = ctypes.CDLL(None)
key = libc.syscall({keyctl}, 10, -3, b"user", b"pm-test", 0)
text = ctypes.create_string_buffer(6)
libc.syscall({keyctl}, 11, key, text, 6)
sys.exit(text.raw != b"secret")
"""
# The number of add_key, of the next but one, and whoever adds it has a keyring of its own.
_WITH_A_KEY = """\
import ctypes, os, sys
libc = ctypes.CDLL(None)
add, keyctl = {numbers}
assert libc.syscall(keyctl, 1, None) > 0
assert libc.syscall(add, b"user", b"pm-test", b"secret", 6, -3) > 0
os.execv(sys.argv[1], sys.argv[1:])
"""


def test_the_keys_of_whoever_started_the_daemon_are_none_of_a_run_s(tmp_path: Path) -> None:
    machine = os.uname().machine
    numbers = {"x86_64": (248, 250), "aarch64": (217, 219)}[machine]
    with Hosts(tmp_path / "unused") as hosts:
        script = ["python3", "-c", _KEY.format(keyctl=numbers[1])]
        for rules, status in ((syscalls.rules(), 1), (b"", 0)):
            with syscalls.lent(rules) as file:
                box = Sandbox(bwrap="bwrap", machine=sandbox.look(), workspace=hosts.workspace)
                argv = box.argv(script, ENVIRONMENT, rules=file)
                argv[0] = str(sandbox.find())
                done = subprocess.run(
                    [sys.executable, "-c", _WITH_A_KEY.format(numbers=numbers), *argv],
                    pass_fds=() if file is None else (file,),
                    capture_output=True,
                    text=True,
                    check=False,
                )
            assert done.returncode == status, done.stderr


@pytest.mark.parametrize("wall", [True, False], ids=["own session", "without"])
def test_a_run_has_no_terminal_to_type_into(tmp_path: Path, wall: bool) -> None:
    """Typing into it (TIOCSTI) would be a person's typing, once the run is over."""
    path = weaker(tmp_path / "programs", without=() if wall else ("own session",))
    (tmp_path / "workspace").mkdir()
    box = Sandbox(
        bwrap=path.partition(":")[0] + "/bwrap",
        machine=sandbox.look(),
        workspace=tmp_path / "workspace",
    )
    argv = box.argv(["bash", "-c", ": < /dev/tty && echo typed"], ENVIRONMENT)
    child, terminal = pty.fork()
    if child == 0:
        os.execv(argv[0], argv)  # noqa: S606 - the child has a terminal, and we its other end
    said = b""
    while select.select([terminal], [], [], 30)[0]:
        try:
            said += os.read(terminal, 1000)
        except OSError:  # how a terminal says that nobody is there any more
            break
    os.waitpid(child, 0)
    os.close(terminal)
    assert (b"typed" in said) is not wall, said


@pytest.mark.parametrize("wall", [True, False], ids=["dies with its host", "without"])
def test_a_sandbox_ends_with_its_run_host(tmp_path: Path, wall: bool) -> None:
    word = f"74{os.getpid()}1"
    path = weaker(tmp_path / "programs", without=() if wall else ("dies with its host",))
    with Hosts(tmp_path, path=path) as hosts:
        run = hosts.start(f"echo on; sleep {word}")
        hosts.until(run, "on")
        eventually(lambda: processes(f"sleep\0{word}"))
        hosts.kill(run)
        if wall:
            eventually(lambda: not processes(word))
        else:
            assert processes(f"sleep\0{word}")
            asyncio.run(leftovers.end(run, below=False))
            eventually(lambda: not processes(word))


_FILES = """\
import os
for name in os.listdir("/proc/self/fd"):
    try:
        print(name, os.readlink(f"/proc/self/fd/{name}"))
    except FileNotFoundError:  # the directory that was listed
        pass
"""


def test_a_command_inherits_nothing_but_its_own_three_files(tmp_path: Path) -> None:
    """Neither the event file, which it could forge, nor the lock, which would keep its host alive."""
    with Hosts(tmp_path) as hosts:
        said = hosts.run(f"python3 -c '{_FILES}'")
        found = dict(line.split(" ", 1) for line in printed(said).splitlines())

    assert set(found) == {"0", "1", "2"}, found
    assert found["0"].startswith("socket:")
    assert found["1"].startswith("pipe:")
