"""What is looked at before a run host has its walls, and what they are made of."""

import importlib.util
import os
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


@pytest.mark.parametrize("link", [False, True])
def test_what_was_exchanged_between_the_look_and_the_mount_is_seen(
    confine: ModuleType, tmp_path: Path, link: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    run.mkdir()
    same = confine.owned(run, os.geteuid())
    assert confine.certain(str(run), same)
    file = confine.owned(run, os.geteuid())
    run.rename(tmp_path / "away")
    if link:
        run.symlink_to(tmp_path / "away")
    else:
        run.mkdir()

    assert not confine.certain(str(run), file)
    assert "it was exchanged meanwhile" in capfd.readouterr().err
    for closed in (same, file):
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(closed)


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
        words = confine.walls(tmp_path, tmp_path / "run", run, errand=errand)
        return str(words[words.index(str(run.parent)) - 1])

    assert (beside(errand=False), beside(errand=True)) == ("--ro-bind", "--bind")
