"""Wheels: which of them this Python can use, and those that a checkout makes for itself."""

import importlib
import sys
import zipfile
from pathlib import Path

import pytest

from tests.house.tree import ROOT
from tests.package.conftest import Package

# Of the package: it is no Python package, and so is found by its directory.
sys.path.append(str(ROOT / "packaging"))
wheelhouse = importlib.import_module("wheelhouse")
wheelstore = importlib.import_module("wheelstore")


@pytest.mark.xdist_group("package")
def test_of_each_wheel_that_a_release_is_made_of_one_is_for_this_python(package: Package) -> None:
    ours = [wheelhouse.named(Path(name)) for name in package.wheels if wheelstore.is_ours(name)]
    assert sorted(ours) == sorted({wheelhouse.named(Path(name)) for name in package.wheels})


def test_a_checkout_makes_the_wheels_that_no_index_has_and_leaves_nothing_beside_them(
    tmp_path: Path,
) -> None:
    lock = ROOT / "packaging/requirements-release.lock"
    wheelhouse.sources(tmp_path, lock)
    (made,) = tmp_path.iterdir()
    assert wheelstore.is_ours(made.name)
    with zipfile.ZipFile(made) as wheel:
        assert "sdnotify/__init__.py" in wheel.namelist()
    entry = wheelhouse.requirements(lock)["sdnotify"]
    assert wheelstore.here("sdnotify", entry, tmp_path / "store", tmp_path) == [made]


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("cake-1-cp27-cp27mu-manylinux1_x86_64.whl", False),
        ("cake-1-cp39-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", True),
        ("cake-1-cp399-abi3-manylinux_2_17_x86_64.whl", False),
        (f"cake-1-{wheelstore._OURS}-{wheelstore._OURS}t-manylinux_2_17_x86_64.whl", False),
        (f"cake-1-7-{wheelstore._OURS}-{wheelstore._OURS}-linux_x86_64.whl", True),
        ("cake.whl", False),
        ("cake-1-py2-none-any.whl", False),
        ("cake-1-py2.py3-none-any.whl", True),
        ("cake-1-py3-none-manylinux2014_x86_64.whl", True),
    ],
)
def test_whether_a_wheel_is_for_this_python_its_tags_say(name: str, ours: bool) -> None:
    assert wheelstore.is_ours(name) is ours


def test_what_was_prepared_for_gates_has_the_wheels_that_it_was_made_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "own"))
    monkeypatch.setenv("PMRUNNER_PREPARED", str(tmp_path / "prepared"))
    assert wheelhouse.place() == tmp_path / "own/pm-runner", "none were prepared"
    (tmp_path / "prepared/cache").mkdir(parents=True)
    assert wheelhouse.place() == tmp_path / "prepared/cache"
    monkeypatch.delenv("PMRUNNER_PREPARED")
    assert wheelhouse.place() == tmp_path / "own/pm-runner"
