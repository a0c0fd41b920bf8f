"""A candidate rehearsed by its unit on a real systemd: on a copy, as nobody, and prod does not notice."""

import json
from collections.abc import Iterator

import pytest

from tests.system.candidates import HOME, Candidates
from tests.system.ground import DAEMON
from tests.system.host import Host

UNIT = "pm-runner-rehearse@prod.service"
PLACE = "/var/lib/private/pm-runner-rehearse/prod"
# As whoever promotes does: root, by the release that runs.
_REHEARSE = """
import asyncio, json, pathlib, sys
sys.path.insert(0, "/opt/pm-runner/prod/dist/lib")
from pmrunnerd.services.promotion.rehearsal import rehearse
from pmrunnerd.services.releases.shelf import Shelf
name, limits = sys.argv[1], json.loads(sys.argv[2])
state, place = pathlib.Path("/var/lib/pm-runner/state/prod"), pathlib.Path("/nowhere")
print(json.dumps(asyncio.run(rehearse(Shelf(pathlib.Path("/"), "prod"), "prod", name, state, place, **limits))))
"""


# What of root's rights whoever promotes needs for it, in a unit that is sealed otherwise.
RIGHTS = (
    "CapabilityBoundingSet=CAP_DAC_READ_SEARCH CAP_DAC_OVERRIDE",
    "ProtectSystem=strict",
    "ReadWritePaths=/var/lib/private/pm-runner-rehearse",
    "NoNewPrivileges=yes",
    "RestrictSUIDSGID=yes",
)


@pytest.fixture(scope="module")
def prepared(machine: Host) -> Iterator[Candidates]:
    found = Candidates(machine)
    found.machine.run("systemctl", "start", DAEMON)
    yield found
    found.clear()


def rehearsed(prod: Candidates, name: str, **limits: float) -> list[str]:
    unit = ("systemd-run", "--quiet", "--wait", "--pipe", "--collect")
    rights = (word for right in RIGHTS for word in ("--property", right))
    command = ("/usr/bin/python3", "-IBSc", _REHEARSE, name, json.dumps(limits))
    said = prod.machine.run(*unit, *rights, *command).stdout
    assert prod.machine.run("sh", "-c", f"ls {PLACE} 2>/dev/null", check=False).stdout == ""
    found: list[str] = json.loads(said)
    return found


def test_a_good_one_passes_while_prod_goes_on(prepared: Candidates) -> None:
    before = prepared.shows(DAEMON, "MainPID", "ActiveState")

    assert rehearsed(prepared, prepared.make("good")) == []

    assert prepared.shows(DAEMON, "MainPID", "ActiveState") == before
    assert prepared.answers()


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ("exits", "ended with status 1 before it was ready"),
        ("raises", "cannot be used (exit status 78): pm-runner: cannot run pm-runner of prod"),
        ("hangs", "is not ready within"),
        ("dies", "was killed by SIGSEGV while it was asked"),
    ],
)
def test_a_bad_one_is_found_out(prepared: Candidates, fault: str, why: str) -> None:
    name = prepared.make(fault)

    said = rehearsed(prepared, name, patience=3)

    assert all(one.startswith(f"{name} ") for one in said)
    assert any(why in one for one in said), said


def test_what_lives_on_the_copy_is_nobody_and_sees_nothing_else(prepared: Candidates) -> None:
    name = prepared.make("good")
    main = f"{HOME}/releases/{name}/lib/pmrunnerd/main.py"
    look = "import os,sys\nsays=[os.geteuid(), *[p for p in ('/var/lib/pm-runner/state','/etc/pm-runner','/run/pm-runner','/srv/pm-runner') if os.access(p, os.R_OK)]]\nsys.exit(repr(says))\n"
    prepared.machine.run("rm", main)
    prepared.machine.run("tee", main, input=look)
    facts = prepared.machine.root / f"{HOME[1:]}/releases/{name}/release.json"
    about = json.loads(facts.read_text())
    lib = facts.parent / "lib"
    about["bytes"] = sum(one.stat().st_size for one in lib.rglob("*") if one.is_file())
    facts.write_text(json.dumps(about))

    (said,) = rehearsed(prepared, name)

    uid = int(said.partition("[")[2].rstrip("]"))
    assert 61184 <= uid < 65520, said


def test_it_is_sealed_as_far_as_it_can_be(prepared: Candidates) -> None:
    said = prepared.machine.run("systemd-analyze", "security", "--no-pager", UNIT, check=False)
    level = float(said.stdout.rsplit("exposure level for", 1)[1].split()[1])
    assert level <= 1.5, said.stdout


def test_no_daemon_may_start_it(prepared: Candidates) -> None:
    command = ("systemctl", "--no-ask-password", "start", UNIT)
    done = prepared.machine.run(*command, user="pm-runner-prod", check=False)
    assert done.returncode != 0
