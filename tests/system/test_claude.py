"""The real Claude Code in the unit of a run: its own sandbox nests in ours, and ours in the unit."""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import claude_agent_sdk
import pytest

from tests.house.tree import ROOT
from tests.integration.claude.parts import KEY
from tests.system.ground import DAEMON, PROJECTS, SYSTEMD, Ground
from tests.system.host import Host

CLI: Final = Path(claude_agent_sdk.__file__).parent / "_bundled" / "claude"
THERE: Final = "/opt/claude"
# In the host, where its loopback is.
MODEL: Final = """
import time
from pathlib import Path
from tests.fakes.model import Model, Step
from tests.integration.claude.parts import plan, result, uses

command = "id -un > who.txt; touch /srv/pm-runner/projects/outside; ls /var/lib/pm-runner; cat who.txt"
model = Model([
    plan("Who", [dict(name="all", title="Who am I", instructions="Say who you are.")], anywhere="Who is it?"),
    uses("Bash", command=command),
    Step(text="fine", anywhere="Answer with the word: fine"),
    result("It is the agents' user.", "who.txt", last="pm-agent"),
])
model.steps[1].anywhere = "Say who you are."
model.start()
Path("/run/model").write_text(model.url)
time.sleep(600)
"""


@pytest.fixture(scope="module")
def claude(machine: Host) -> Iterator[Ground]:
    """Prod, which has a Claude Code that knows a scripted model and a login."""
    shutil.copy(CLI, machine.root / THERE.lstrip("/"))
    python = ("--working-directory", ROOT, sys.executable, "-c", MODEL)
    machine.run("systemd-run", "--unit=model", *python)
    url = machine.root / "run/model"
    machine.wait(url.exists)
    machine.wait(url.read_text)
    known = f"PMRUNNER_AGENT_ENV=ANTHROPIC_BASE_URL={url.read_text()}"
    ground = Ground(machine)
    machine.run("mkdir", "-p", f"{SYSTEMD}/{DAEMON}.d")
    text = f"[Service]\nEnvironment={known} PMRUNNER_AGENT_CLAUDE_PATH={THERE}\n"
    machine.run("tee", f"{SYSTEMD}/{DAEMON}.d/claude.conf", input=text)
    ground.begin()
    machine.run("pmrunnerctl", "agent", "login", "claude", input=f"{KEY}\n")
    yield ground
    ground.end()
    machine.run("systemctl", "stop", "model")


def test_doctor_has_it_make_one_request_as_the_user_of_runs(claude: Ground) -> None:
    who = claude.machine.user("dora", ["pm-runner"])
    doctor = ("pmrunnerctl", "--env", "prod", "--json", "doctor", "--agent", "claude")
    found = claude.machine.run(*doctor, user=who, check=False, timeout=120)
    checks = {row["name"]: row for row in json.loads(found.stdout)["daemon"]["checks"]}

    assert checks["claude request"]["state"] == "ok", checks["claude request"]
    assert "the model answered" in checks["claude request"]["found"]


def test_it_works_in_the_unit_and_its_commands_reach_nothing_else(claude: Ground) -> None:
    name = claude.project("who", "--agent", "claude")

    sent = ("pmrunnerctl", "chat", "send", name, "--wait", "Who is it?")
    claude.machine.run(*sent, check=False, timeout=90)

    run = claude.latest(name)
    said = claude.machine.run("pmrunnerctl", "run", "logs", run).stdout
    assert claude.ended(run)["outcome"] == "succeeded", said
    who = claude.machine.run(
        *("git", "-C", f"{PROJECTS}/{name}", "show", "HEAD:who.txt"), user="pm-agent"
    )
    assert who.stdout == "pm-agent\n"
    assert not (claude.machine.root / f"{PROJECTS}/outside".lstrip("/")).exists()
