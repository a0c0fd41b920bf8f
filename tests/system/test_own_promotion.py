"""This repository's own commit goes from dev to prod and back, asked for as a person does, while agents work."""

import json
from collections.abc import Iterator
from typing import Any, Final

import pytest

from tests.system.ground import DAEMON, Ground
from tests.system.host import Host
from tests.system.test_chain import COMMIT, SRC, gated
from tests.system.test_chain import ground as _ground
from tests.system.test_releases import MINUTES, ctl, links
from tests.unit.engine.test_accounting import completed

chain = _ground
DIST: Final = "opt/pm-runner/prod/dist"
PROMOTION: Final = ("journalctl", "--quiet", "--output=json")


@pytest.fixture(scope="module")
def ground(chain: Ground) -> Iterator[Ground]:
    """A prod with a gated and evidenced commit of its own source, a run at work and a question that waits."""
    machine = chain.machine
    machine.run("sh", "-c", f"echo '# One line more.' >> {SRC}/pmrunnerd/__init__.py")
    machine.run("sh", "-ec", COMMIT.format(SRC, "'One line more'"), user="pm-agent")
    gated(chain)
    ctl(machine, "evidence", "write", "own")
    text = completed((machine.root / f"{SRC}/EVIDENCE.md".lstrip("/")).read_text())
    machine.run("tee", f"{SRC}/EVIDENCE.md", input=text, user="pm-agent")
    machine.run("git", "-C", SRC, "add", "EVIDENCE.md", user="pm-agent")
    machine.run("sh", "-ec", COMMIT.format(SRC, "'Evidence'"), user="pm-agent")
    return chain


def dist(machine: Host) -> str:
    return (machine.root / DIST).readlink().name


def promote(machine: Host, *words: str, status: int = 0) -> str:
    done = machine.run("pmrunnerctl", "promote", *words, check=False, timeout=MINUTES)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def told(machine: Host, promotion: str) -> list[str]:
    """Return the story of a promotion as the journal has it."""
    said = machine.run(*PROMOTION, f"PMRUNNER_PROMOTION={promotion}").stdout.splitlines()
    return [json.loads(line)["MESSAGE"] for line in said]


def test_what_is_missing_is_said_all_at_once_and_nothing_is_changed(ground: Ground) -> None:
    machine, before = ground.machine, dist(ground.machine)
    machine.run("touch", f"{SRC}/left-over", user="pm-agent")
    said = promote(machine, "own", "--wait", status=10)
    machine.run("rm", f"{SRC}/left-over")

    assert "left-over" in said
    assert "--approve" in said
    assert dist(machine) == before


def test_it_is_promoted_and_goes_back_and_neither_an_agent_nor_a_question_notices(
    ground: Ground,
) -> None:
    machine, before = ground.machine, dist(ground.machine)
    working = ground.say(ground.project("lasts"), "echo begun; sleep 1009; echo never")
    ground.said(working, "begun")
    asleep = ground.asleep()
    asking = ground.project("asks")
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

    said = promote(machine, "own", "--wait", "--approve", plan["seal"], "--probation", "61")

    assert dist(machine) == plan["release"] != before, said
    proof = ctl(machine, "prove")
    assert (proof["outcome"], links(proof)) == ("proved", {})
    assert ground.asleep() == asleep
    (question,) = [one for one in ground.ctl("inbox")["items"] if one["kind"] == "question"]
    ground.ctl("answer", question["id"], "cherry")
    assert ground.ended(ground.latest(asking))["outcome"] == "succeeded"

    back = machine.run("pmrunnerctl", "rollback", "--wait", check=False, timeout=MINUTES)

    assert back.returncode == 0, back.stdout + back.stderr
    assert dist(machine) == before
    assert ground.asleep() == asleep
    assert ground.show(DAEMON, "ActiveState") == ["active"]
    for promotion in ("x1", "x2"):
        assert told(machine, promotion), promotion
    ground.cancel(working)
