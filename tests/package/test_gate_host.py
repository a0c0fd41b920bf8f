"""What is laid down for a gate's own host, and what is asked of systemd-nspawn; that it holds is tried in tests/system."""

import fcntl
import importlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.house.tree import ROOT

# Of the package: it is no Python package, and so is found by its directory.
sys.path.append(str(ROOT / "packaging"))
gate, gatehost, gatetree = map(importlib.import_module, ("gate", "gatehost", "gatetree"))

SPEC: dict[str, Any] = {
    "gate": "one",
    "command": "echo 'it''s'",
    "source": "",
    "build": "",
    "prepared": "",
    "prepares": "",
}


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    """The /etc of a machine."""
    etc = tmp_path / "machine"
    etc.mkdir()
    (etc / "passwd").write_text("root:x:0:0:root:/root:/bin/bash\nann:x:1000:1000::/home/ann:\n")
    (etc / "os-release").symlink_to("release")
    (etc / "release").write_text("ID=debian\n")
    return etc


def test_what_not_everybody_reads_or_a_machine_is_known_by_is_not_in_its_host(
    etc: Path, tmp_path: Path
) -> None:
    for name, mode in (("secret", 0o640), ("shadow", 0o644), ("machine-id", 0o644)):
        (etc / name).write_text("the machine's")
        (etc / name).chmod(mode)
    for directory, mode in (("keys", 0o750), ("pm-runner", 0o755), ("systemd/system", 0o755)):
        (etc / directory).mkdir(parents=True)
        (etc / directory / "file").write_text("the machine's")
        (etc / directory).chmod(mode)
    (etc / "pipe").touch()
    (etc / "pipe").unlink()
    os.mkfifo(etc / "pipe")
    (etc / "large").write_bytes(bytes((1 << 20) + 1))
    gatetree.configure(etc, new := tmp_path / "etc")
    files = [path for path in new.rglob("*") if path.is_file() and not path.is_symlink()]
    assert "the machine's" not in "".join(path.read_text() for path in files)
    assert {"secret", "keys", "pm-runner", "pipe", "large"}.isdisjoint(os.listdir(new))  # noqa: PTH208
    assert len((new / "machine-id").read_text()) == 33


def test_what_everybody_reads_is_and_so_are_its_users_without_passwords(
    etc: Path, tmp_path: Path
) -> None:
    (etc / "alternatives").mkdir()
    (etc / "alternatives/awk").symlink_to("/usr/bin/mawk")
    (etc / "hook").write_text("true")
    (etc / "hook").chmod(0o755)
    gatetree.configure(etc, new := tmp_path / "etc")
    assert (new / "alternatives/awk").readlink() == Path("/usr/bin/mawk")
    assert (new / "hook").stat().st_mode & 0o777 == 0o755
    assert (new / "shadow").read_text() == "root:*:::::::\nann:*:::::::\n"
    assert (new / "shadow").stat().st_mode & 0o777 == 0o600
    assert (new / "os-release").read_text() == "ID=debian\n"
    assert not (new / "os-release").is_symlink()


@pytest.mark.parametrize(
    ("command", "status"), [("true", 77), ("exit 3", 3), ("exit 77", 1), ("kill -9 $$", 137)]
)
def test_that_a_command_passed_is_said_by_a_status_that_it_does_not_know(
    command: str, status: int, tmp_path: Path
) -> None:
    inside = tmp_path / "gate"
    (inside / "source").mkdir(parents=True)
    (inside / "passed").write_text("77\n")
    script = gatetree._TRY.format(
        inside=inside, variables="PATH=/usr/bin:/bin", command=f"'{command}'"
    )
    script = script.replace("/run/pm-runner-gate-host", f"{inside}/host")
    done = subprocess.run(["bash", "-c", script], check=False)
    assert done.returncode == status
    assert not (inside / "passed").exists()
    assert (inside / "began").exists()


def test_a_host_is_given_nothing_but_programs_and_the_gate_s_own(tmp_path: Path) -> None:
    places = gate.Places(*(tmp_path / name for name in ("gates", "records", "prepared", "work")))
    words = gatehost.container(places, "g1-4f2a-one", places.work / "tree", SPEC)
    assert {"--private-network", "--private-users=pick", "--settings=no"} <= set(words)
    writable = [word for word in words if word.startswith("--bind=")]
    assert writable == [f"--bind={places.work}:/run/gate"]
    shown = {word.partition("=")[2] for word in words if word.startswith("--bind-ro=")}
    assert f"{places.work}/built:/run/gate/built" in shown
    # Below /usr there may be a mount.
    assert not {word for word in shown if not word.startswith(("/usr/", f"{places.work}/built:"))}


def test_what_a_killed_nspawn_noted_goes_and_what_one_that_lives_has_stays(tmp_path: Path) -> None:
    nspawn = tmp_path / "nspawn"
    for directory in ("nspawn-uid", "nspawn/locks", "nspawn/propagate"):
        (tmp_path / directory).mkdir(parents=True)
    for name in ("left", "held"):
        (tmp_path / "nspawn-uid" / name).touch()
    (nspawn / "locks/left").touch()
    (nspawn / "propagate" / gatehost.machine("g1-a-one")).mkdir()
    (nspawn / "propagate" / gatehost.machine("g2-a-one")).mkdir()
    with (tmp_path / "nspawn-uid/held").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        gatehost.let_go("g1-a-one", nspawn)
    there = [path.name for path in tmp_path.rglob("*") if path.name not in {"nspawn", "locks"}]
    assert set(there) == {"held", gatehost.machine("g2-a-one"), "nspawn-uid", "propagate"}


@pytest.mark.parametrize(
    ("mapped", "found"),
    [
        ("0 0 4294967295\n", True),
        ("0 667811840 65536\n", False),
        ("0 0 65536\n65536 65536 1000000\n", True),
        ("", False),
    ],
)
def test_a_machine_with_as_many_users_as_a_host_takes_boots_none(mapped: str, found: bool) -> None:
    assert gatehost.has_users(mapped) is found
