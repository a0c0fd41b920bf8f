"""This repository's own commit goes from dev to prod and back, asked for as a person does, while agents work."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest

from tests.system.ground import DAEMON, ROOMY, Ground
from tests.system.host import Host
from tests.system.test_chain import COMMIT, SRC, gated
from tests.system.test_chain import ground as _ground
from tests.system.test_releases import MINUTES, ctl, links
from tests.unit.engine.test_accounting import completed

chain = _ground
DIST: Final = "opt/pm-runner/{}/dist"
BEFORE: Final = ("begun", "signed", "rehearsed")
AFTER: Final = ("opened", "switched", "restarted", "healthy", "confirmed")


@pytest.fixture(scope="module")
def ground(chain: Ground) -> Iterator[Ground]:
    """A prod with a gated and evidenced commit of its own source, a run at work and a question that waits."""
    machine = chain.machine
    # A probation is as long as two watchdogs, and this one is soon through.
    chain.drop_in(DAEMON, f"{ROOMY}WatchdogSec=6\n")
    machine.run("systemctl", "restart", DAEMON)
    machine.run("sh", "-c", f"echo '# One line more.' >> {SRC}/pmrunnerd/__init__.py")
    machine.run("sh", "-ec", COMMIT.format(SRC, "'One line more'"), user="pm-agent")
    gated(chain)
    ctl(machine, "evidence", "write", "own")
    text = completed((machine.root / f"{SRC}/EVIDENCE.md".lstrip("/")).read_text())
    machine.run("tee", f"{SRC}/EVIDENCE.md", input=text, user="pm-agent")
    machine.run("git", "-C", SRC, "add", "EVIDENCE.md", user="pm-agent")
    machine.run("sh", "-ec", COMMIT.format(SRC, "'Evidence'"), user="pm-agent")
    yield chain
    # As the package has it: what ran last is the way back, and what is a way back stays.
    machine.run("rm", "-f", "/opt/pm-runner/prod/previous", "/opt/pm-runner/dev/previous")


def dist(machine: Host, environment: str = "prod") -> str:
    return (machine.root / DIST.format(environment)).readlink().name


def promote(machine: Host, *words: str, status: int = 0) -> str:
    done = machine.run("pmrunnerctl", "promote", *words, check=False, timeout=MINUTES)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def told(machine: Host, said: str) -> list[str]:
    """Return the steps of the promotion that was spoken of, as root told them to the journal."""
    named = re.search(r"has begun: (x\S+)", said)
    assert named, said
    entries = machine.journal(f"PMRUNNER_PROMOTION={named[1]}")
    return [one["PMRUNNER_STEP"] for one in entries if one["PMRUNNER_EVENT"].startswith("trial-")]


def test_what_is_missing_is_said_all_at_once_and_nothing_is_changed(ground: Ground) -> None:
    machine, before = ground.machine, dist(ground.machine)
    machine.run("touch", f"{SRC}/left-over", user="pm-agent")
    said = promote(machine, "own", "--wait", status=10)
    machine.run("rm", f"{SRC}/left-over")
    soon = machine.run("pmrunnerctl", "rollback", "--probation", "11", check=False)

    assert "left-over" in said
    assert "--approve" in said
    assert soon.returncode == 2
    assert "hint: pmrunnerctl rollback --probation 12" in soon.stderr
    assert dist(machine) == before


def test_it_is_promoted_and_goes_back_and_neither_an_agent_nor_a_question_notices(
    ground: Ground,
) -> None:
    machine, before = ground.machine, dist(ground.machine)
    working = ground.say(ground.project("goes-on"), "echo begun; sleep 1009; echo never")
    ground.said(working, "begun")
    asleep = ground.asleep()
    asking = ground.project("asks-meanwhile")
    ground.ctl(
        "chat",
        "send",
        asking,
        "-",
        input='```sh name=one\npm-ask "Which fruit?" apple cherry\n```\n',
    )
    machine.wait(lambda: [one for one in ground.ctl("inbox")["items"] if one["kind"] == "question"])
    plan: Any = json.loads(
        machine.run("pmrunnerctl", "--json", "promote", "own", "--dry-run", check=False).stdout
    )
    assert dist(machine) == before

    said = promote(machine, "own", "--wait", "--approve", plan["seal"], "--probation", "12")

    assert dist(machine) == plan["release"] != before, said
    proof = ctl(machine, "prove")
    assert (proof["outcome"], links(proof)) == ("proved", {})
    assert ground.asleep() == asleep
    (question,) = [one for one in ground.ctl("inbox")["items"] if one["kind"] == "question"]
    ground.ctl("answer", question["id"], "cherry")
    assert ground.ended(ground.latest(asking))["outcome"] == "succeeded"

    back = machine.run(
        "pmrunnerctl", "rollback", "--wait", "--probation", "12", check=False, timeout=MINUTES
    )

    assert back.returncode == 0, back.stdout + back.stderr
    assert dist(machine) == before
    assert ground.asleep() == asleep
    assert ground.show(DAEMON, "ActiveState") == ["active"]
    assert told(machine, said) == [*BEFORE, *AFTER]
    assert told(machine, back.stdout) == [BEFORE[0], *AFTER]
    ground.cancel(working)


def test_it_is_tried_as_dev_and_nothing_of_prod_is_touched(ground: Ground) -> None:
    machine, before = ground.machine, dist(ground.machine)
    of_dev = dist(machine, "dev")
    trying = ("pmrunnerctl", "try", "--project", "own", "--wait")

    done = machine.run(*trying, check=False, timeout=MINUTES)

    assert done.returncode == 0, done.stdout + done.stderr
    tried = dist(machine, "dev")
    assert tried in done.stdout
    assert f"built {tried}" in done.stdout + done.stderr
    assert (
        json.loads(machine.run("pmrunnerctl", "--env", "dev", "--json", "status").stdout)["release"]
        == tried
    )
    assert dist(machine) == before
    machine.run("systemctl", "stop", "pm-runner@dev.service")
    machine.run("ln", "-sfn", f"releases/{of_dev}", "/opt/pm-runner/dev/dist")
    machine.run("rm", "-rf", f"/opt/pm-runner/dev/releases/{tried}")
