"""What an installation does with the release that it brings: it adds, and switches nothing."""

import fcntl
import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.package.zero import BUILDER, Machine


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_what_cannot_be_done_is_said_in_a_line_and_done_by_the_next(machine: Machine) -> None:
    releases = machine.homes / "dev/releases"
    releases.rmdir()
    releases.write_text("somebody's")

    done = subprocess.run(
        [machine.root / "lib/release-zero", "--root", machine.root],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr == (
        f"release-zero: cannot go on: {releases}: File exists\n"
        f"  hint: sudo {machine.root}/lib/release-zero   # goes on from there\n"
    )

    releases.unlink()
    machine.install()
    assert machine.dist("dev") == "releases/1-a"


def test_where_nothing_can_be_built_nothing_is_switched(machine: Machine) -> None:
    (machine.root / "lib/build-release").write_text("#!/bin/sh\nexit 1\n")

    machine.install(status=1)

    assert not (machine.homes / "prod/dist").is_symlink()


def test_each_environment_runs_it_where_there_was_none(machine: Machine) -> None:
    assert machine.install() == "pm-runner: release 1-a is built\n"
    assert {machine.dist("prod"), machine.dist("dev")} == {"releases/1-a"}
    again = "pm-runner: release 1-a is there already, and each byte is what was built\n"
    assert machine.install() == again


def test_what_never_changes_is_on_the_disk_once(machine: Machine) -> None:
    machine.install()

    ours, theirs = (machine.homes / name / "dist/release.json" for name in ("prod", "dev"))
    assert ours.samefile(theirs)


def test_an_upgrade_switches_nothing_and_says_what_would(machine: Machine) -> None:
    machine.install()
    machine.brings("2-b", source="b")

    said = machine.install()

    assert {machine.dist("prod"), machine.dist("dev")} == {"releases/1-a"}
    assert (machine.homes / "dev/releases/2-b/lib").is_dir()
    assert said == (
        "pm-runner: release 2-b is built\n"
        "pm-runner@dev goes on running release 1-a; 2-b is built\n"
        f"  hint: sudo {machine.root}/lib/release-zero --switch dev\n"
        "pm-runner@prod goes on running release 1-a; 2-b is built\n"
        "  hint: pmrunnerctl promote --release 2-b\n"
    )


def test_the_same_source_for_a_new_python_takes_the_place_of_the_old_one(machine: Machine) -> None:
    machine.install()
    facts = machine.homes / "prod/dist/release.json"
    facts.unlink()  # dev has the same file
    facts.write_text(json.dumps({"source": "a", "soabi": "cpython-39-x86_64-linux-gnu"}))
    machine.brings("1-b", source="a")

    said = machine.install()

    assert machine.dist("prod") == "releases/1-b"
    assert "pm-runner@prod has the same release for this Python: 1-b\n" in said
    assert "  hint: sudo systemctl restart pm-runner@prod\n" in said
    assert machine.dist("dev") == "releases/1-a"


@pytest.mark.parametrize("words", [("--swich", "prod"), ("--switch",), ("--switch", "nowhere")])
def test_what_it_does_not_understand_it_does_not_do(
    machine: Machine, words: tuple[str, ...]
) -> None:
    machine.install(*words, status=2)

    assert not (machine.homes / "prod/dist").is_symlink()


def test_a_release_that_was_made_anew_is_given_to_the_others_too(machine: Machine) -> None:
    machine.install()
    (machine.homes / "prod/releases/1-a").rename(machine.homes / "prod/releases/.damaged")

    machine.install()

    ours, theirs = (machine.homes / name / "dist/release.json" for name in ("prod", "dev"))
    assert ours.samefile(theirs)
    assert len(list((machine.homes / "dev/releases").glob(".damaged-1-a-*"))) == 1


def left(machine: Machine) -> list[Path]:
    """Leave in prod and dev what one that was killed does, and return it."""
    found = []
    for home in (machine.homes / "prod", machine.homes / "dev"):
        (home / ".dist-9").symlink_to("releases/1-a")
        for name in (".building-x", ".building-1-a-9", ".damaged-1-a-9"):
            (home / "releases" / name / "lib").mkdir(parents=True)
        found += [home / ".dist-9", *(home / "releases").glob(".*-*")]
    return found


def test_what_earlier_ones_left_is_removed(machine: Machine) -> None:
    machine.install()
    those = left(machine)
    machine.install()
    assert [path for path in those if path.is_symlink() or path.exists()] == []
    assert {machine.dist("prod"), machine.dist("dev")} == {"releases/1-a"}


def test_what_somebody_builds_at_this_moment_is_left_alone(machine: Machine) -> None:
    machine.install()
    left(machine)
    releases = machine.homes / "prod/releases"
    at_work = os.open(releases, os.O_RDONLY)
    try:
        fcntl.flock(at_work, fcntl.LOCK_SH)
        machine.install()
    finally:
        os.close(at_work)
    assert (releases / ".building-x").is_dir()
    assert not (machine.homes / "dev/releases/.building-x").exists()


def test_a_release_that_was_damaged_is_said_to_be_made_again(machine: Machine) -> None:
    machine.install()
    release = machine.homes / "prod/releases/1-a"
    release.rename(release.with_name(".damaged-1-a-7"))  # as build-release does
    release.mkdir()
    damaging = BUILDER.replace(
        "(release /", "release.rename(release.with_name('.damaged-x'))\n(release /", 1
    )
    (machine.root / "lib/build-release").write_text(damaging)
    assert "release 1-a was damaged and is built again; what it was is " in machine.install()
    assert (release.parent / ".damaged-x").is_dir()


def test_what_one_environment_lost_of_a_release_it_is_given_again(machine: Machine) -> None:
    machine.install()
    (machine.homes / "dev/releases/1-a/release.json").unlink()
    (machine.homes / "dev/releases/1-a/more").touch()
    machine.install()

    ours, theirs = (machine.homes / name / "dist/release.json" for name in ("prod", "dev"))
    assert ours.samefile(theirs)
    assert not (machine.homes / "dev/releases/1-a/more").exists()


def test_nobody_else_can_hold_it_up(machine: Machine) -> None:
    machine.install()
    held = [os.open(path, os.O_RDONLY) for path in (machine.homes, machine.homes / "prod/releases")]
    try:
        for file in held:
            fcntl.flock(file, fcntl.LOCK_EX)
        machine.install()
    finally:
        for file in held:
            os.close(file)
    assert (machine.homes / ".lock").stat().st_mode & 0o077 == 0
