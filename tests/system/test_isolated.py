"""The machine's own Python packages, which are no part of a release: root's commands run none of them."""

from collections.abc import Iterator
from typing import Final

import pytest

from tests.system.ground import DAEMON, Ground
from tests.system.host import Host

VERIFY: Final = ("/usr/lib/pm-runner/launch", "verify", "prod")
WHERE: Final = "import site; print(*site.getsitepackages(), sep='\\n')"
NAME: Final = "hostile.pth"
RAN: Final = "/run/hostile"
ASIDE: Final = "/run/aside"
# What it is that runs, and what the tools do that add a certificate of somebody's to those of certifi.
HOSTILE: Final = (
    f"import sys; open('{RAN}', 'a').write(' '.join(sys.orig_argv) + '\\n');"
    ' exec(\'try:\\n import certifi\\n open(certifi.where(), "a").write("x")\\nexcept Exception: pass\')\n'
)
# What root types on the first day, all that starts a program of ours among it.
TYPED: Final = (
    "status",
    "doctor",
    "doctor --agent claude",
    "agent login claude",
    "agent logout claude",
    "logs --lines 1",
    "state verify --state-dir /var/lib/pm-runner/state/prod",
    f"state backup {ASIDE}.tar",
    f"state verify {ASIDE}.tar",
    "restart",
    f"start --state-dir {ASIDE} --port 0",
    f"doctor --state-dir {ASIDE}",
    f"--socket {ASIDE}/control.sock stop",
    f"doctor --state-dir {ASIDE}",
)
KEY: Final = "sk-ant-oat01-hush\n"


@pytest.fixture
def ground(machine: Host) -> Iterator[Ground]:
    """Prod, on a machine whose Python has a program of somebody's that it runs at each start."""
    ground = Ground(machine)
    ground.begin()
    directories = machine.run("/usr/bin/python3", "-c", WHERE).stdout.split()
    for directory in directories:
        machine.run("mkdir", "-p", directory)
        machine.run("tee", f"{directory}/{NAME}", input=HOSTILE)
    yield ground
    machine.run("rm", "-rf", RAN, *(f"{directory}/{NAME}" for directory in directories))
    machine.run("rm", "-rf", ASIDE, f"{ASIDE}.tar")
    ground.end()


def test_no_verb_of_root_s_runs_what_the_machine_s_python_would_and_the_release_stays(
    ground: Ground,
) -> None:
    machine = ground.machine
    ran = machine.root / RAN.lstrip("/")
    machine.run("/usr/bin/python3", "-c", "")
    assert "/usr/bin/python3 -c" in ran.read_text(), "it would"
    ran.unlink()

    for typed in TYPED:
        words = ("pmrunnerctl", *typed.split())
        done = machine.run(*words, input=KEY, check=False)
        assert done.returncode != 2, f"{typed}: {done.stderr}"
        assert not ran.exists(), f"{typed}: {ran.read_text()}"

    machine.run(*VERIFY)
    machine.run("systemctl", "is-active", DAEMON)


def test_a_release_in_which_somebody_wrote_is_found(ground: Ground) -> None:
    machine = ground.machine
    lib = "/opt/pm-runner/prod/dist/lib/pmrunnerd/__init__.py"
    was = machine.run("cat", lib).stdout
    machine.run("tee", lib, input=f"{was}#\n")
    try:
        assert "is not what was built" in machine.run(*VERIFY, check=False).stderr
    finally:
        machine.run("tee", lib, input=was)
    machine.run(*VERIFY)
