import asyncio
import stat
from pathlib import Path

import pytest

from pmrunnerd.model import errand as e
from pmrunnerd.model.logins import Login
from pmrunnerd.services.credentials import NoLogin
from pmrunnerd.services.errands import logins
from pmrunnerd.store.durable import Disk

AT = "2026-01-01T00:00:00.000Z"


def wanted(place: Path, login: Login = Login.TOKEN, **more: str) -> e.KeepLogin:
    return e.KeepLogin(place=str(place), agent="claude", login=login, at=AT, **more)


def test_a_login_that_is_no_good_takes_the_place_of_none(tmp_path: Path) -> None:
    with pytest.raises(NoLogin, match="expired"):
        asyncio.run(logins.keep(wanted(tmp_path, expires="2025-01-01T00:00:00.000Z"), "x", Disk()))
    with pytest.raises(NoLogin, match="no such file"):
        asyncio.run(logins.keep(wanted(tmp_path, Login.OWN, path="/nowhere"), "", Disk()))

    assert list(tmp_path.iterdir()) == []


def test_a_login_that_cannot_be_used_is_shown_with_why(tmp_path: Path) -> None:
    (tmp_path / "claude.json").write_text("hush")
    shown = asyncio.run(logins.show(e.ShowLogin(place=str(tmp_path), agent="claude", at=AT)))

    assert "its file is damaged" in shown.problem
    assert "hush" not in repr(shown)


def test_a_login_is_kept_for_its_user_alone_and_deleted_and_twice_is_once(tmp_path: Path) -> None:
    place = tmp_path / "secrets"
    asyncio.run(logins.keep(wanted(place, by="anna"), "hush", Disk()))
    file = place / "claude.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    named = e.ShowLogin(place=str(place), agent="claude", at=AT, named="/nowhere/claude")
    shown = asyncio.run(logins.show(named))
    assert (shown.login, shown.by, shown.since) == ("token", "anna", AT)
    assert "/nowhere/claude is no program" in shown.problem

    for _ in range(2):
        asyncio.run(logins.drop(e.DropLogin(place=str(place), agent="claude"), Disk()))
    assert not file.exists()


def test_nothing_is_tried_without_a_login(tmp_path: Path) -> None:
    tried = asyncio.run(logins.attempt(e.Trial(place=str(tmp_path), named="/nowhere/claude")))

    assert {check.name: check.state for check in tried.checks}["claude request"] == "problem"
