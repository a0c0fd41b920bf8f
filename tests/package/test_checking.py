"""The programs of health.d: which are run, what comes of them, and who may not have put them there."""

import importlib
import os
import socket
from pathlib import Path

import pytest

from tests.package.ontrial import told

checking = importlib.import_module("checking")


@pytest.fixture
def health(tmp_path: Path) -> Path:
    place = tmp_path / "etc/pm-runner/health.d"
    for kind in ("required", "wanted"):
        (place / kind).mkdir(parents=True)
        (place / kind).chmod(0o755)
    return place


def put(place: Path, text: str, mode: int = 0o755) -> Path:
    place.write_text(f"#!/bin/sh\n{text}\n")
    place.chmod(mode)
    return place


def check(health: Path, owner: int | None = None) -> int:
    root = health.parents[2]
    return int(checking.check("prod", str(root), os.geteuid() if owner is None else owner))


def test_without_any_all_is_well(tmp_path: Path, health: Path) -> None:
    assert check(health) == 0
    assert checking.check("prod", str(tmp_path / "elsewhere"), 0) == 0


def test_one_that_has_to_hold_and_does_not_is_named_to_who_asked(
    health: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(health / "required/1-good", 'test "$PMRUNNER_ENV" = prod')
    put(health / "required/2-bad", "exit 3")
    put(health / "required/3-worse", "exit 4")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        with told({"NOTIFY_SOCKET": str(tmp_path / "notify")}):
            assert check(health) == 1
        said = manager.recv(1 << 10).decode()
    assert said == "STATUS=2-bad: ended with status 3; 3-worse: ended with status 4"
    assert "pm-runner: prod: required/2-bad: ended with status 3" in capsys.readouterr().err


def test_one_that_is_only_wanted_is_said_and_no_more(
    health: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(health / "wanted/no", "exit 3")
    assert check(health) == 0
    assert "wanted/no: ended with status 3" in capsys.readouterr().err


def test_what_cannot_be_executed_is_no_check(health: Path) -> None:
    put(health / "required/README", "exit 1", 0o644)
    assert check(health) == 0


def test_what_others_could_have_put_there_is_not_run_and_does_not_hold(health: Path) -> None:
    ran = health / "ran"
    put(health / "required/web", f"touch {ran}", 0o775)
    assert check(health) == 1
    (health / "required/web").chmod(0o755)
    (health / "required").chmod(0o777)
    assert check(health) == 1
    (health / "required").chmod(0o755)
    assert check(health, owner=os.geteuid() + 1) == 1
    assert not ran.exists()
    assert check(health) == 0
    assert ran.exists()


def test_one_that_hangs_does_not_hold(health: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "PATIENCE", 0.1)
    put(health / "required/web", "exec sleep 60")
    assert check(health) == 1
