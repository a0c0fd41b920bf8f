"""A commit becomes a release that is gated, approved, signed and proved, on a real systemd."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pmrunnerd.model.proof import EVIDENCE, GATES, STATEMENT, Release
from pmrunnerd.model.statement import Approval
from pmrunnerd.rules.proof import canonical
from tests.house.tree import ROOT
from tests.system.ground import Ground
from tests.system.host import Host
from tests.unit.rules.proof import samples

SHARE = "/usr/share/pm-runner"
RELEASES = "/opt/pm-runner/prod/releases"
WORKSPACE = "/srv/pm-runner/projects/own"
LOCK = "packaging/requirements-release.lock"
DRAFTS = "/var/lib/pm-runner/promote/prod"
KEY = "/etc/pm-runner/keys/release"
MINUTES = 280


def ctl(host: Host, *words: str, status: int = 0) -> Any:
    """Have root say something to pmrunnerctl; return what it answers."""
    done = host.run("pmrunnerctl", "--json", *words, check=False, timeout=MINUTES)
    answer = json.loads((done.stdout or done.stderr).splitlines()[-1])
    why = links(answer) if "links" in answer else answer
    assert done.returncode == status, why
    return answer


def links(proof: Any) -> dict[str, str]:
    return {link["name"]: link["why"] for link in proof["links"] if link["holding"] != "holds"}


@pytest.fixture(scope="module", autouse=True)
def whole(machine: Host) -> None:
    """Where apt has a hook that adds a certificate to what it finds, the release is made anew."""
    machine.run("/usr/lib/pm-runner/release-zero", timeout=MINUTES)


@pytest.fixture(scope="module")
def built(machine: Host) -> Iterator[Any]:
    """A release of a commit that has the package's own source, and one line more."""
    say = f"""
        mkdir -p {WORKSPACE}/packaging; cp -r {SHARE}/source/. {WORKSPACE}
        cp {SHARE}/wheels/source.lock {WORKSPACE}/{LOCK}
        echo '# One line more.' >> {WORKSPACE}/pmrunnerd/__init__.py
        cd {WORKSPACE}; git init --quiet --initial-branch=main; git add --all
        git -c user.name=anna -c user.email=anna@here commit --quiet --message 'One line more'
        chown -R pm-agent: {WORKSPACE}
    """
    machine.run("sh", "-ec", say)
    yield ctl(machine, "release", "build", "main", "--repository", WORKSPACE)
    machine.run("rm", "-rf", WORKSPACE)


def draft(host: Host, name: str, built: Any, **other: Any) -> None:
    """Write down, as root does who promotes, what is to be signed."""
    text = host.run("cat", f"{RELEASES}/{built['id']}/release.json").stdout
    facts = msgspec.json.decode(text, type=Release)
    evidence = f"## {facts.source}\n\nOne line more, for the test.\n".encode()
    digest = hashlib.sha256(evidence).hexdigest()
    record = msgspec.json.encode(samples.run(source=facts.source, build=facts.tree))
    said: dict[str, Any] = {
        "source": facts.source,
        "facts": hashlib.sha256(text.encode()).hexdigest(),
        "lock": facts.lock,
        "soabi": facts.soabi,
        "level": facts.level,
        "evidence": digest,
        "approval": Approval(by="anna", at=1000, evidence=digest),
        "signer": "",
        "signed": 0,
    }
    whole = canonical.encode(samples.statement(record, facts, **(said | other)))
    place = host.root / f"{DRAFTS}/{name}".lstrip("/")
    place.mkdir(mode=0o755)
    for file, data in ((STATEMENT, whole), (EVIDENCE, evidence), (GATES, record)):
        (place / file).write_bytes(data)
        (place / file).chmod(0o644)


def test_the_release_of_the_package_is_told_as_what_it_is(machine: Host) -> None:
    found = ctl(machine, "prove", status=41)

    assert found["outcome"] == "unsigned"
    assert {link["name"]: link["holding"] for link in found["links"]} == {
        **dict.fromkeys(("dist", "owner", "tree", "source"), "holds"),
        **dict.fromkeys(("statement", "signature", "gates", "evidence", "approval"), "absent"),
    }


def test_one_changed_byte_of_what_runs_is_found_and_its_file_is_named(machine: Host) -> None:
    lib = "/opt/pm-runner/prod/dist/lib"
    machine.run("cp", "--archive", f"{lib}/click/core.py", "/run/core.py")
    machine.run("sh", "-ec", f"printf x | dd of={lib}/click/core.py bs=1 seek=9 conv=notrunc")
    try:
        assert links(ctl(machine, "prove", status=8))["tree"] == "lib/click/core.py was changed"
        done = machine.run("/usr/lib/pm-runner/launch", "verify", "prod", check=False)
        assert "is not what was built: click/core.py" in done.stderr
    finally:
        machine.run("cp", "--archive", "/run/core.py", f"{lib}/click/core.py")


def test_a_commit_is_built_as_nobody_and_belongs_to_root(machine: Host, built: Any) -> None:
    release = f"{RELEASES}/{built['id']}"

    assert built["builtBy"].startswith("pm-runner-build on ")
    assert machine.run("stat", "--format=%U %a", release).stdout == "root 755\n"
    assert machine.run("find", release, "!", "-user", "root").stdout == ""
    assert machine.run("find", "/var/lib/private/pm-runner-build", "-mindepth", "2").stdout == ""
    unsigned = ctl(machine, "prove", built["id"], status=41)
    assert links(unsigned)["signature"] == "there is none"


def test_what_holds_is_signed_proved_and_proved_again_on_another_machine(
    machine: Host, built: Any, tmp_path: Path
) -> None:
    draft(machine, "good", built)
    machine.run("/usr/lib/pm-runner/launch", "sign", "prod-good")

    found = ctl(machine, "prove", built["id"], "--write-bundle", "/run/bundle")
    assert (found["outcome"], links(found)) == ("proved", {})

    for name, path in (("bundle", "/run/bundle"), ("keys", "/etc/pm-runner/allowed_signers")):
        (tmp_path / name).write_text(machine.run("cat", path).stdout)
    command: list[str | Path] = [sys.executable, "-m", "pmrunnerctl", "--json", "prove"]
    command += ["--root", tmp_path]
    command += ["--bundle", tmp_path / "bundle", "--allowed-signers", tmp_path / "keys"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["outcome"] == "proved"


def test_what_does_not_hold_is_not_signed_and_the_key_is_root_s_alone(
    machine: Host, built: Any
) -> None:
    draft(machine, "bad", built, source="6" * 64)
    done = machine.run("/usr/lib/pm-runner/launch", "sign", "prod-bad", check=False)
    assert done.returncode == 4
    assert "it is not proved without a signature" in done.stderr

    for user in ("pm-runner-prod", "pm-runner-dev", "pm-agent"):
        assert machine.run("cat", KEY, user=user, check=False).returncode == 1
        assert machine.run("touch", f"{DRAFTS}/x", user=user, check=False).returncode == 1


def test_a_build_that_turned_against_us_reads_no_secret_and_writes_nowhere(machine: Host) -> None:
    attempts = {
        "read the key": f"cat {KEY}",
        "read a state": "ls /var/lib/pm-runner/state/prod",
        "read a login": "ls /var/lib/pm-runner/secrets/prod",
        "write a release": f"touch {RELEASES}/x",
        "write the store": "touch /var/lib/pm-runner/wheels/x",
        "write anywhere": "touch /usr/x /etc/x /var/x /srv/x",
        "reach a network": "python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", 22))'",
        "make a program that runs as its owner": "cp /bin/true $STATE_DIRECTORY/x; chmod 4755 $STATE_DIRECTORY/x",
    }
    script = "\n".join(f"if ( {how} ); then echo DID: {what}; fi" for what, how in attempts.items())
    control = 'touch "$STATE_DIRECTORY/y" && cat /etc/hostname && echo DID: what it may'
    ground = Ground(machine)
    (machine.root / "usr/local/bin/hostile").write_text(f"#!/bin/sh\n{script}\n{control}\nexit 3\n")
    (machine.root / "usr/local/bin/hostile").chmod(0o755)
    unit = f"pm-runner-build@prod-{'0' * 64}.service"
    ground.drop_in(
        "pm-runner-build@.service", "[Service]\nExecStart=\nExecStart=/usr/local/bin/hostile\n"
    )
    try:
        assert machine.run("systemctl", "start", unit, check=False).returncode != 0
        said = [entry["MESSAGE"] for entry in machine.journal("--unit", unit)]
    finally:
        ground.plain("pm-runner-build@.service")
        machine.run("rm", "/usr/local/bin/hostile")
    assert [line for line in said if str(line).startswith("DID")] == ["DID: what it may"]
    assert machine.run("find", "/var/lib/private/pm-runner-build", "-mindepth", "2").stdout == ""


def test_a_release_that_runs_is_never_pruned_and_one_that_nobody_wants_is(
    machine: Host, built: Any
) -> None:
    machine.run("systemctl", "start", "pm-runner@prod")
    found = ctl(machine, "release", "prune", "--keep", "0", "--yes")

    why = {row["id"]: row["why"] for row in found["releases"]}
    assert why.pop(built["id"]) == ""
    assert set(why.values()) == {"dist points to it"}
    assert machine.run("ls", RELEASES).stdout.split() == [*why]
    row = ctl(machine, "release", "show")
    assert row["processes"]
