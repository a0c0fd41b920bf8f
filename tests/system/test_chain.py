"""The runner's own source on a real systemd: built, gated on what was built of it, evidenced, signed and proved."""

import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec
import pytest

from pmrunnerd.model.gates import GateRun
from pmrunnerd.model.promotion import Deed, Ending
from pmrunnerd.rules.evidence import seal, sections
from tests.system.ground import Ground
from tests.system.host import Host
from tests.system.moving import Moving
from tests.system.test_releases import DRAFTS, LOCK, MINUTES, RELEASES, SHARE, ctl, links
from tests.unit.engine.test_accounting import completed
from tests.unit.services.releases import drafts

SRC: Final = "/opt/pm-runner/dev/src"
# What a gate of this project would ask of what was built, without what needs half an hour.
TABLE: Final = """\
[tool.pm-runner.gates.health]
command = "python3 -IB -c 'import os, sys; sys.path.insert(0, os.environ[\\"PMRUNNER_BUILT\\"]); import pmrunnerd.main, click, msgspec'"

[tool.pm-runner.gates.unit]
command = "! touch $PMRUNNER_BUILT/x && ls pmrunnerd/main.py && echo '<testsuite><testcase/></testsuite>' > junit.xml"
tests = "junit.xml"
needs = ["health"]
"""
COMMIT: Final = (
    "git -C {0} -c user.name=anna -c user.email=anna@here commit --quiet --all --message {1}"
)


@pytest.fixture(scope="module")
def ground(machine: Host) -> Iterator[Ground]:
    machine.run("/usr/lib/pm-runner/release-zero", timeout=MINUTES)
    ground = Ground(machine)
    ground.begin()
    machine.run("sh", "-ec", f"cp -r {SHARE}/source/. {SRC}; mkdir -p {SRC}/packaging")
    machine.run("cp", f"{SHARE}/wheels/source.lock", f"{SRC}/{LOCK}")
    machine.run("tee", f"{SRC}/pyproject.toml", input=TABLE)
    machine.run("chown", "-R", "pm-agent:", SRC)
    machine.run("git", "init", "--quiet", "--initial-branch=main", SRC, user="pm-agent")
    machine.run("git", "-C", SRC, "add", "--all", user="pm-agent")
    machine.run("sh", "-ec", COMMIT.format(SRC, "Start"), user="pm-agent")
    ground.ctl("project", "add", "own", "/opt/pm-runner/dev", "--type", "runner-dev")
    yield ground
    ground.ctl("project", "remove", "own")
    ground.ctl("release", "prune", "--keep", "0", "--yes")
    ground.end()
    machine.run("rm", "-rf", f"{DRAFTS}/chain")
    machine.run("find", SRC, "-mindepth", "1", "-delete")


def gated(ground: Ground) -> Any:
    """Have all gates of the project tried; return what is recorded of that."""
    done = ground.machine.run(
        "pmrunnerctl", "gate", "run", "own", "--all", check=False, timeout=MINUTES
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return ground.ctl("gate", "show", done.stdout.split()[2])["run"]["record"]


def test_what_was_gated_and_evidenced_is_the_very_tree_that_is_signed_and_proved(
    ground: Ground,
) -> None:
    machine = ground.machine
    machine.run("sh", "-c", f"echo '# One line more.' >> {SRC}/pmrunnerd/__init__.py")
    machine.run("sh", "-ec", COMMIT.format(SRC, "'One line more'"), user="pm-agent")
    record = gated(ground)
    (built,) = [
        row
        for row in ctl(machine, "release", "list")["releases"]
        if row["source"] == record["source"]
    ]
    assert record["build"] == built["tree"]

    ctl(machine, "evidence", "write", "own")
    text = completed((machine.root / f"{SRC}/EVIDENCE.md".lstrip("/")).read_text())
    machine.run("tee", f"{SRC}/EVIDENCE.md", input=text, user="pm-agent")
    machine.run("git", "-C", SRC, "add", "EVIDENCE.md", user="pm-agent")
    machine.run("sh", "-ec", COMMIT.format(SRC, "'Evidence'"), user="pm-agent")
    view = ctl(machine, "evidence", "check", "own")
    assert (view["complaints"], view["source"]) == ([], record["source"]), view

    about = machine.run("cat", f"{RELEASES}/{built['id']}/release.json").stdout.encode()
    place = machine.root / f"{DRAFTS}/chain".lstrip("/")
    assert drafts.lay(place, "prod", about, record, text) == view["seal"]
    machine.run("/usr/lib/pm-runner/launch", "sign", "prod-chain")
    proof = ctl(machine, "prove", built["id"])
    assert (proof["outcome"], links(proof)) == ("proved", {})

    # Root does all of that itself, for what prod's daemon asks; and it is the same tree that runs then.
    moving = Moving(machine)
    gates = msgspec.json.encode(msgspec.convert(record, GateRun))
    section = seal.canonical(sections.of_text(text)[0])
    said = {"commit": record["commit"], "record": gates, "section": section}
    for release, more in ((built["id"], said), (moving.old, {"deed": Deed.ROLLBACK})):
        promotion = moving.promote(release, **more)
        assert moving.ended(promotion) is Ending.DONE, moving.lines(promotion)
        assert (moving.dist, moving.answers()) == (release, release)


def test_what_cannot_be_built_is_not_gated_and_says_what_helps(ground: Ground) -> None:
    machine = ground.machine
    lock = f"cake==1.0 \\\n    --hash=sha256:{'7' * 64}\n"
    machine.run("tee", f"{SRC}/{LOCK}", input=lock, user="pm-agent")
    machine.run("sh", "-ec", COMMIT.format(SRC, "'Another lock'"), user="pm-agent")
    done = machine.run("pmrunnerctl", "gate", "run", "own", "--all", check=False, timeout=MINUTES)
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert "pmrunnerctl --env prod release build --fetch" in said
    (unit,) = set(
        re.findall(r"journalctl -n 20 -u (pm-runner-build@prod-[0-9a-f]+\.service)", said)
    )
    assert "wheels of the lock are not here: cake" in machine.run("journalctl", "-u", unit).stdout
    assert ground.ctl("gate", "list")["runs"][0]["state"] == "REFUSED"
