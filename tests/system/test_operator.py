"""An operator's session of README, pasted on a host with the package."""

from collections.abc import Iterator
from functools import partial
from typing import Final

import pytest

from tests.e2e.test_tour import FENCE
from tests.house.tree import ROOT
from tests.system.ground import DAEMON, ROOMY, Ground
from tests.system.host import Host

# Ends with 9 and no other status fails: whoever waited for an outcome is told that it needs them.
ASKS: Final = "9 pmrunnerctl chat send cake --wait - <<'MESSAGE'"
CAKE: Final = "/srv/pm-runner/projects/cake"
# The host has root and no sudo: what it would do.
SUDO: Final = 'sudo() { if [ "$1" = -u ]; then runuser -u "$2" -- "${@:3}"; else "$@"; fi; }\n'


def the_session() -> str:
    """Return every command of the session, as it would be pasted."""
    text = (ROOT / "README.md").read_text()
    session = text[
        text.index("<!-- operator -->") : text.index("<!-- end of the operator's session -->")
    ]
    return "".join(body for _, body in FENCE.findall(session))


@pytest.fixture
def empty(machine: Host) -> Iterator[Host]:
    """A host on which nothing was said in prod yet, and nothing will have been afterwards."""
    ground = Ground(machine)
    ground.begin()
    ground.end()
    forget(machine)
    ground.drop_in(DAEMON, ROOMY)
    yield machine
    ground.end()
    forget(machine)


def forget(machine: Host) -> None:
    """Delete what was said in prod, which does not run, and the workspace."""
    for directory in ("/var/lib/pm-runner/state/prod", "/var/lib/pm-runner/runs/prod", CAKE):
        machine.run("find", directory, "-mindepth", "1", "-delete", check=False)
    machine.run("rm", "--recursive", "--force", CAKE, "/run/failed")


def is_inactive(host: Host, unit: str) -> bool:
    return host.run("systemctl", "is-active", unit, check=False).stdout.strip() == "inactive"


def test_an_operator_s_session_works_as_it_is_pasted(empty: Host) -> None:
    trap = """newline=$'\\n'; trap 'echo "$? ${BASH_COMMAND%%$newline*}" >> /run/failed' ERR\n"""

    pasted = empty.run("bash", "-c", SUDO + trap + the_session(), timeout=200, check=False)

    said = pasted.stdout + pasted.stderr
    assert empty.run("cat", "/run/failed").stdout.splitlines() == [ASKS], said
    assert "Which fruit?" in said
    assert [f"minute {n}" in said for n in range(1, 11)] == [True] * 10, said
    assert empty.run("cat", f"{CAKE}/cake.txt").stdout == "cherry\n"
    trailers = "--format=%(trailers:key=PM-Runner-Task,valueonly,separator=)"
    told = empty.run("git", "-C", CAKE, "log", trailers, user="pm-agent").stdout
    assert told.split() == ["t2", "t1"]
    for event in ("run-started", "run-ended", "task-completed"):
        assert event in said
    assert "Active: active (running)" in said
    for unit in ("pm-runner@prod.service", "pm-runner@prod.socket", "pm-runner-web@prod.socket"):
        # Sockets are stopped after the service, and nobody waits for them.
        empty.wait(partial(is_inactive, empty, unit))
