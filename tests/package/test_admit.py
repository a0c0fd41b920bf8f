"""What root takes of what a unit made: plain files, as they were copied, and nothing else."""

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import Any

import pytest

from pmrunnerd.rules.proof import manifest
from pmrunnerd.services.releases import tree
from tests.house.tree import ROOT

SOURCE = "5" * 64
NAME = f"prod-{SOURCE}"
SOABI = EXTENSION_SUFFIXES[0].strip(".").removesuffix(".so")


class Unit:
    """What a unit left in its directory, as an honest builder would; and `admit`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.work = root / "var/lib/private/pm-runner-build" / NAME
        self.fetched = root / "var/lib/private/pm-runner-fetch" / NAME / "wheels"
        self.releases = root / "opt/pm-runner/prod/releases"
        self.releases.mkdir(parents=True)
        self.built = self.work / "releases/0.1.0-000000000000"
        self.lib = self.built / "lib"
        (self.lib / "cake").mkdir(parents=True)
        (self.lib / "cake/__init__.py").write_text("")
        (self.lib / "cake/bake.py").write_text("heat = 180\n")
        (self.lib / "cake/bake.so").write_bytes(b"\x7fELF")
        self.says()

    def says(self, **other: Any) -> None:
        digest = manifest.digest(manifest.write(tree.look(self.lib)))
        facts = {
            "format": 2,
            "id": "whatever",
            "version": "0.1.0",
            "source": SOURCE,
            "python": "3.11.2",
            "soabi": SOABI,
            "tree": digest,
            "lock": "d" * 64,
            "level": 1,
        }
        (self.built / "release.json").write_text(json.dumps(facts | other))

    def admit(
        self, kind: str = "build", name: str = NAME, result: str = "success"
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-IB", ROOT / "packaging/admit", kind, name, f"--root={self.root}"],
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": os.environ["PATH"], "SERVICE_RESULT": result},
        )

    def taken(self) -> list[str]:
        return sorted(path.name for path in self.releases.iterdir() if path.name[0] != ".")


@pytest.fixture
def unit(tmp_path: Path) -> Unit:
    return Unit(tmp_path)


def link_out(lib: Path) -> None:
    (lib / "cake/out").symlink_to("/etc/shadow")


def link_in(lib: Path) -> None:
    (lib / "cake/in").symlink_to("bake.py")


def directory_that_is_a_link(lib: Path) -> None:
    (lib / "cake").rename(lib.with_name("elsewhere"))
    (lib / "cake").symlink_to(lib.with_name("elsewhere"))


def set_uid(lib: Path) -> None:
    (lib / "cake/bake.py").chmod(0o4755)


def set_gid_directory(lib: Path) -> None:
    (lib / "cake").chmod(0o2755)


def two_names(lib: Path) -> None:
    os.link(lib / "cake/bake.py", lib / "cake/again.py")


def pipe(lib: Path) -> None:
    os.mkfifo(lib / "cake/pipe")


def device(lib: Path) -> None:
    try:
        os.mknod(lib / "cake/zero", stat.S_IFCHR | 0o666, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("only root makes devices")


def lib_that_is_a_link(lib: Path) -> None:
    lib.rename(lib.with_name("elsewhere"))
    lib.symlink_to("elsewhere")


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (link_out, "lib/cake/out is a link"),
        (link_in, "lib/cake/in is a link"),
        (directory_that_is_a_link, "lib/cake is a link"),
        (set_uid, "lib/cake/bake.py would run, or be made, as somebody else: mode 4755"),
        (set_gid_directory, "lib/cake would run, or be made, as somebody else: mode 2755"),
        (two_names, "has another name, too"),
        (pipe, "lib/cake/pipe is neither a file nor a directory"),
        (device, "lib/cake/zero is neither a file nor a directory"),
        (lib_that_is_a_link, "lib"),
    ],
)
def test_what_is_not_plain_is_refused_by_name_and_nothing_is_taken(
    unit: Unit, bad: Callable[[Path], None], why: str
) -> None:
    bad(unit.lib)
    done = unit.admit()

    assert done.returncode in (1, 4)
    assert why in done.stderr
    assert unit.taken() == []
    assert list(unit.releases.glob(".admitting-*")) == []
    assert not unit.work.exists()


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"source": "6" * 64}, "another source, or another tree"),
        ({"tree": "6" * 64}, "another source, or another tree"),
        ({"soabi": "cpython-39"}, "not built for the Python of this machine"),
        ({"version": "../../x"}, "is no version"),
        ({"version": 7}, "is no version"),
        ({"lock": None}, "no lock"),
        ({"format": 1}, "not of format 2"),
    ],
)
def test_what_it_says_of_itself_is_not_believed_where_it_can_be_looked_at(
    unit: Unit, said: dict[str, Any], why: str
) -> None:
    unit.says(**said)
    done = unit.admit()

    assert (done.returncode, unit.taken()) == (4, [])
    assert why in done.stderr


@pytest.mark.parametrize("text", ["", "[", "[" * 99_999, "7", "{}"])
def test_a_release_that_says_nothing_is_refused_without_a_traceback(unit: Unit, text: str) -> None:
    (unit.built / "release.json").write_text(text)
    done = unit.admit()

    assert (done.returncode, unit.taken()) == (4, [])
    assert "Traceback" not in done.stderr


def test_two_releases_and_a_unit_that_failed_give_none(unit: Unit) -> None:
    shutil.copytree(unit.built, unit.built.with_name("0.1.0-111111111111"))
    assert "there are 2 releases" in unit.admit().stderr

    again = Unit(unit.root / "again")
    assert again.admit(result="exit-code").returncode == 0
    assert again.taken() == []
    assert not again.work.exists()


@pytest.mark.parametrize("name", ["prod", f"../{SOURCE}", f"prod-{SOURCE}/..", "prod-" + "z" * 64])
def test_it_takes_an_identifier_and_nothing_else(unit: Unit, name: str) -> None:
    assert unit.admit(name=name).returncode == 2


def test_what_is_plain_is_taken_with_its_own_list_and_modes(unit: Unit) -> None:
    (unit.lib / "cake/bake.py").chmod(0o600)
    (unit.built / "proof").mkdir()
    done = unit.admit()

    (name,) = unit.taken()
    assert (done.returncode, done.stdout) == (0, f"{name}\n")
    release = unit.releases / name
    facts = json.loads((release / "release.json").read_text())
    listing = (release / "manifest").read_bytes()
    assert sorted(path.name for path in release.iterdir()) == [
        *("built.json", "lib", "manifest", "release.json")
    ]
    assert facts["tree"] == manifest.digest(listing)
    assert manifest.read(listing) == tree.look(release / "lib")
    assert (facts["id"], facts["files"]) == (name, 3)
    assert (release / "lib/cake/bake.py").stat().st_mode & 0o7777 == 0o644
    assert tree.writable(release) == ()
    assert json.loads((release / "built.json").read_text())["by"].startswith(
        "a process in a sandbox on "
    )


def test_a_release_that_is_there_stays_and_a_damaged_one_makes_room(unit: Unit) -> None:
    unit.admit()
    (name,) = unit.taken()
    before = (unit.releases / name).stat().st_ino

    Unit.__init__(again := object.__new__(Unit), unit.root / "again")
    shutil.copytree(again.work, unit.work)
    assert unit.admit().stdout == f"{name}\n"
    assert (unit.releases / name).stat().st_ino == before

    (unit.releases / name / "lib/cake/bake.py").write_text("heat = 181\n")
    shutil.copytree(again.work, unit.work)
    unit.admit()
    assert (unit.releases / name / "lib/cake/bake.py").read_text() == "heat = 180\n"
    assert len(list(unit.releases.glob(".damaged-*"))) == 1
