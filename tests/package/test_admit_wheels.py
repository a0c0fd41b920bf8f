"""What root takes of what was fetched: wheels, each under its own digest."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.package.test_admit import Unit, device, link_out, pipe, set_uid


@pytest.fixture
def unit(tmp_path: Path) -> Unit:
    return Unit(tmp_path)


def test_a_wheel_is_kept_under_its_own_digest_whatever_it_is_called(unit: Unit) -> None:
    unit.fetched.mkdir(parents=True)
    (unit.fetched / "cake-1-py3-none-any.whl").write_bytes(b"wheel")
    done = unit.admit("fetch")

    digest = hashlib.sha256(b"wheel").hexdigest()
    assert done.stdout == f"{digest} cake-1-py3-none-any.whl\n"
    kept = unit.root / "var/lib/pm-runner/wheels" / digest / "cake-1-py3-none-any.whl"
    assert kept.read_bytes() == b"wheel"


@pytest.mark.parametrize("bad", [link_out, set_uid, device, pipe])
def test_wheels_that_are_not_plain_are_refused_all_of_them(
    unit: Unit, bad: Callable[[Path], None]
) -> None:
    (unit.fetched / "cake").mkdir(parents=True)
    (unit.fetched / "cake/bake.py").write_text("")
    bad(unit.fetched)

    assert unit.admit("fetch").returncode == 4
    assert not (unit.root / "var/lib/pm-runner/wheels").exists()


def test_what_is_no_wheel_by_its_name_is_refused(unit: Unit) -> None:
    unit.fetched.mkdir(parents=True)
    (unit.fetched / ".pth").write_text("import os")

    assert "is no name of a wheel" in unit.admit("fetch").stderr
