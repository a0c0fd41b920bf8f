"""What is looked at before a run host has its walls, and what they are made of."""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from tests.house.tree import ROOT


@pytest.fixture(scope="module")
def confine() -> ModuleType:
    spec = importlib.util.spec_from_file_location("confine", ROOT / "packaging/confine.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("at", ["env", "env/run"])
def test_no_link_on_the_way_is_followed(confine: ModuleType, tmp_path: Path, at: str) -> None:
    (tmp_path / "there/run").mkdir(parents=True)
    link = tmp_path / at
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(tmp_path / "there" / "run" if "/" in at else tmp_path / "there")

    with pytest.raises(confine.CannotError, match="Not a directory"):
        confine.owned(tmp_path / "env" / "run", os.geteuid())


def test_what_is_not_the_daemon_s_is_refused(confine: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(confine.CannotError, match="belongs to uid"):
        confine.owned(tmp_path, os.geteuid() + 1)
    os.close(confine.owned(tmp_path, os.geteuid()))
    with pytest.raises(confine.CannotError, match="no user pm-runner-nosuch"):
        confine.owner("nosuch")


class Walls:
    """The walls of a run, in a place of a test's own, and what its daemon does at their door."""

    def __init__(self, confine: ModuleType, top: Path) -> None:
        self._confine, self._top = confine, top
        self.run, self.elsewhere = top / "state/runs/dev/r1", top / "elsewhere"
        for made in (self.run, self.elsewhere, top / "run", top / "state/secrets/dev"):
            made.mkdir(parents=True)

    def certain(self, before: Callable[[], None], after: Callable[[], None]) -> tuple[bool, str]:
        """Do something between the look and the mount, and after it; return whether it would run, and what it says."""
        file = self._confine.owned(self.run, os.geteuid())
        state, sockets = self._top / "state", self._top / "run"
        walls = self._confine.walls(state, sockets, self.run, [], errand=False)
        words = [sys.executable, "-I", "-c", LOOK, str(ROOT / "packaging"), str(self.run)]
        before()
        with subprocess.Popen(
            [*walls, "--", *words, str(file)],
            pass_fds=(file,),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as inside:
            os.close(file)
            assert inside.stdout is not None
            assert inside.stdout.readline() == "built\n", inside.communicate()
            after()
            out, err = inside.communicate("\n", timeout=180)
        return out == "certain\n", err


LOOK = """
import os, sys
sys.path.insert(0, sys.argv[1])
import confine
print("built", flush=True)
sys.stdin.readline()
if confine.certain(sys.argv[2], int(sys.argv[3])):
    print("certain")
try:
    os.fstat(int(sys.argv[3]))
except OSError:
    sys.exit(0)
sys.exit("its descriptor leads out")
"""


def nothing() -> None:
    """Leave it as it is."""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts /dev with its devices")
@pytest.mark.parametrize("how", ["nothing", "another", "link", "link for a moment"])
def test_only_what_was_looked_at_and_mounted_in_its_own_place_is_certain(
    confine: ModuleType, tmp_path: Path, how: str
) -> None:
    walls = Walls(confine, tmp_path)
    away = walls.run.with_name("away")

    def exchange(to: str | Path) -> None:
        walls.run.rename(away)
        walls.run.symlink_to(to) if to else walls.run.mkdir()

    def back() -> None:
        walls.run.unlink()
        away.rename(walls.run)

    # Whose name it is can have it lead anywhere while bubblewrap mounts, and be right before and after.
    far = "../" * len(walls.run.parts[1:-1]) + str(walls.elsewhere).lstrip("/")
    before, after = {
        "nothing": (nothing, nothing),
        "another": (lambda: exchange(""), nothing),
        "link": (lambda: exchange(far), nothing),
        "link for a moment": (lambda: exchange(far), back),
    }[how]
    certain, said = walls.certain(before, after)
    assert certain is (how == "nothing"), said
    assert ("it was exchanged meanwhile" in said) is not certain


def test_an_errand_is_told_by_a_file_of_the_daemon_s_own(
    confine: ModuleType, tmp_path: Path
) -> None:
    file = confine.owned(tmp_path, os.geteuid())
    try:
        assert not confine.is_errand(file, os.geteuid())
        (tmp_path / "errand.json").touch()
        assert confine.is_errand(file, os.geteuid())
        assert not confine.is_errand(file, os.geteuid() + 1)
    finally:
        os.close(file)


def test_only_an_errand_may_write_beside_its_own_directory(
    confine: ModuleType, tmp_path: Path
) -> None:
    def beside(*, errand: bool) -> str:
        run = tmp_path / "runs/prod/r1"
        words = confine.walls(tmp_path, tmp_path / "run", run, [], errand=errand)
        return str(words[words.index(str(run.parent)) - 1])

    assert (beside(errand=False), beside(errand=True)) == ("--ro-bind", "--bind")


@pytest.mark.parametrize(
    ("environment", "places"),
    [
        ("prod", ["/srv/pm-runner/projects", "/opt/pm-runner/dev/src"]),
        ("dev", ["/srv/pm-runner/dev"]),
        ("try", ["/srv/pm-runner/try"]),
        ("projects", []),
    ],
)
def test_an_environment_works_in_a_place_of_its_own(
    confine: ModuleType, tmp_path: Path, environment: str, places: list[str]
) -> None:
    root = str(tmp_path)
    assert confine.roots(environment, root) == [root + place for place in places]


@pytest.fixture
def said(tmp_path: Path) -> Path:
    """The file in which root says where dev may write, too."""
    file = tmp_path / "etc/pm-runner/dev.roots"
    file.parent.mkdir(parents=True)
    file.write_text("# a disk of its own\n\n/data/tart\n")
    file.chmod(0o644)
    return file


def test_root_says_where_an_environment_may_write_too(
    confine: ModuleType, tmp_path: Path, said: Path
) -> None:
    me = os.geteuid()
    assert confine.roots("dev", str(tmp_path), me)[1:] == ["/data/tart"]
    assert confine.roots("prod", str(tmp_path), me)[2:] == []


def test_what_somebody_else_could_have_written_says_nothing(
    confine: ModuleType, tmp_path: Path, said: Path
) -> None:
    root, me = str(tmp_path), os.geteuid()
    with pytest.raises(confine.CannotError, match="root alone can write"):
        confine.roots("dev", root, me + 1)
    said.chmod(0o664)
    with pytest.raises(confine.CannotError, match="root alone can write"):
        confine.roots("dev", root, me)
    said.unlink()
    os.mkfifo(said, 0o644)
    with pytest.raises(confine.CannotError, match="root alone can write"):
        confine.roots("dev", root, me)
    said.unlink()
    said.symlink_to("/etc/passwd")
    with pytest.raises(confine.CannotError, match="symbolic links"):
        confine.roots("dev", root, me)


@pytest.mark.parametrize("place", ["/", "data/tart", "/data/../srv", "/data/"])
def test_a_place_that_could_be_another_one_is_refused(
    confine: ModuleType, tmp_path: Path, said: Path, place: str
) -> None:
    said.write_text(f"{place}\n")
    with pytest.raises(confine.CannotError, match="no absolute path of a place"):
        confine.roots("dev", str(tmp_path), os.geteuid())


def test_a_place_in_which_a_link_stands_is_left_out_and_the_others_are_not(
    confine: ModuleType, tmp_path: Path, said: Path
) -> None:
    (tmp_path / "link").symlink_to("/srv")
    said.write_text(f"{tmp_path}/link\n{tmp_path}/link/x\n{tmp_path}/none\n")

    assert confine.roots("dev", str(tmp_path), os.geteuid())[1:] == [f"{tmp_path}/none"]
