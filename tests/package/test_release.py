"""A release: what it is built from, and that it is the same each time."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.everything import EVERYTHING
from tests.house.tree import ROOT
from tests.package.conftest import Package
from tests.package.elsewhere import FOUR_HUNDRED_DAYS, WAYS, Elsewhere
from tests.unit.shortage import on_a_disk

pytestmark = pytest.mark.xdist_group("package")


def files(top: Path) -> dict[str, tuple[int, float, bytes]]:
    """Return mode, time and content of every file."""
    found = {}
    for path in sorted(top.rglob("*")):
        about = path.stat()
        whole = path.read_bytes() if path.is_file() else b""
        found[str(path.relative_to(top))] = about.st_mode, about.st_mtime, whole
    return found


def test_a_wheel_that_is_not_the_locked_one_is_refused_and_nothing_is_left(
    package: Package, tmp_path: Path
) -> None:
    wheels = shutil.copytree(package.share / "wheels", tmp_path / "wheels")
    with next(wheels.glob("click-*.whl")).open("ab") as file:
        file.write(b"\0")

    done = package.release(tmp_path / "releases", wheels=wheels)

    assert done.returncode == 1
    assert done.stderr.startswith("build-release: cannot build a release: pip ended with status 1")
    assert "DO NOT MATCH THE HASHES" in done.stderr
    assert list((tmp_path / "releases").iterdir()) == []


def test_a_source_that_is_no_python_makes_no_release(package: Package, tmp_path: Path) -> None:
    source = shutil.copytree(package.share / "source", tmp_path / "source")
    (source / "pmrunnerd/broken.py").write_text("def\n")

    done = package.release(tmp_path / "releases", source=source)

    assert done.returncode == 1
    assert "broken.py" in done.stderr
    assert list((tmp_path / "releases").iterdir()) == []


@pytest.mark.parametrize("size", ["4k", "12k"], ids=["copied", "compiled"])
def test_a_full_disk_is_said_in_a_line_and_nothing_is_left(tmp_path: Path, size: str) -> None:
    """Two files of a page each, and two of byte code: a thousand fail one by one in the same way."""
    (tmp_path / "pmrunnerd/store").mkdir(parents=True)
    (tmp_path / "pmrunnerd/__init__.py").write_text('__version__ = "1"\n')
    (tmp_path / "pmrunnerd/store/levels.py").write_text("LEVEL: Final = 1\n")
    for name in ("requirements.txt", "source.lock"):
        (tmp_path / name).touch()
    said = on_a_disk(
        f"size={size}",
        "import os, subprocess, sys\n"
        "print(subprocess.run(sys.argv[1:], stderr=subprocess.PIPE, text=True).stderr)\n"
        "print(os.listdir('/mnt/releases'))\n",
        *(str(ROOT / "packaging/build-release"), "--source", str(tmp_path)),
        *("--source-digest", "0" * 64, "--wheels", str(tmp_path), "--into", "/mnt/releases"),
    )

    why, hint, _, left = said
    assert why == "build-release: cannot build a release: there is no room left on a disk"
    assert hint.startswith("  hint: df -h /mnt/releases ")
    assert left == "[]"


@pytest.mark.parametrize(
    "ways", [WAYS, *([(way,) for way in WAYS] if EVERYTHING else [])], ids="+".join
)
def test_two_builds_of_one_source_are_the_same_to_the_byte(
    package: Package, built: Path, tmp_path: Path, ways: tuple[str, ...]
) -> None:
    there = Elsewhere(tmp_path, ways)
    done = there.run(
        *(package.top / "usr/lib/pm-runner/build-release", "--to-look-at"),
        *("--source", there.copy(package.share / "source"), "--into", there.out),
        *("--source-digest", (package.share / "source.digest").read_text().strip()),
        *("--wheels", there.copy(package.share / "wheels")),
    )

    assert (done.stdout, done.returncode) == (f"{built.name}\n", 0), done.stderr
    assert files(there.out / built.name) == files(built)


def test_the_other_machine_is_another_one_wherever_a_build_looks(tmp_path: Path) -> None:
    looks = (
        "import os, sys, time; print(os.getuid(), os.environ['HOME'], time.tzname[0], os.umask(0),"
        "os.environ['LC_ALL'], os.getcwd(), os.sched_getaffinity(0), int(time.time()), sep='|')"
    )
    here, there = Elsewhere(tmp_path / "a", ("home", "locale")), Elsewhere(tmp_path / "b")
    one, other = (place.run("/usr/bin/python3", "-c", looks) for place in (here, there))

    mine, theirs = one.stdout.strip().split("|"), other.stdout.strip().split("|")
    assert len(mine) == len(theirs) == 8, (one.stderr, other.stderr)
    same = [n for n, (this, that) in enumerate(zip(mine, theirs, strict=True)) if this == that]
    assert same in ([4], [4, 6]), "the locale is set in both; a machine may have one processor"
    assert abs(int(theirs[7]) - int(mine[7]) - FOUR_HUNDRED_DAYS) < 3600


def test_nothing_in_a_release_says_where_it_was_built(built: Path) -> None:
    where = os.fsencode(built.parent)

    assert [name for name, (_, _, whole) in files(built).items() if where in whole] == []


def test_a_release_says_what_it_is(package: Package, built: Path) -> None:
    facts = json.loads((built / "release.json").read_text())

    assert facts["id"] == built.name
    assert built.name.startswith(facts["version"])
    assert facts["source"] == (package.share / "source.digest").read_text().strip()
    assert facts["soabi"].startswith("cpython-3")
    assert len(facts["tree"]) == len(facts["source"])


def test_a_release_that_is_there_is_left_alone_and_a_damaged_one_takes_its_turn(
    package: Package, built: Path, tmp_path: Path
) -> None:
    there = shutil.copytree(built, tmp_path / built.name, copy_function=shutil.copy2)
    before = there.stat().st_ino

    assert package.release(tmp_path, wheels=tmp_path).stdout.strip() == built.name
    assert there.stat().st_ino == before

    (there / "lib/click/core.py").write_text("")

    assert package.release(tmp_path).stdout.strip() == built.name
    assert files(there / "lib") == files(built / "lib")
    assert len(list(tmp_path.glob(".damaged-*"))) == 1


def test_the_agent_s_library_runs_from_the_release_alone_and_its_cli_is_not_there(
    built: Path,
) -> None:
    lib = built / "lib"
    libraries = ["claude_agent_sdk", "acp", "pmrunnerd.runhost.host", "pmrunnerd.house"]

    subprocess.run(
        [
            *("/usr/bin/python3", "-ISB", "-c"),
            f"import sys; sys.path.insert(0, {str(lib)!r})\nimport {', '.join(libraries)}",
        ],
        check=True,
    )

    assert not (lib / "claude_agent_sdk/_bundled").exists()
    assert not (lib / "bin").exists()
