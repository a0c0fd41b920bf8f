"""A person's own login that has expired is told; one that was renewed is tried, once, by one run."""

import asyncio
import json
import os
import tempfile
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from pmrunnerd.api import standing
from pmrunnerd.engine.renewals import Renewals
from pmrunnerd.model import events as ev
from pmrunnerd.model.logins import Login
from pmrunnerd.services import credentials
from pmrunnerd.services.clock import Clock
from pmrunnerd.services.credentials import Stored
from pmrunnerd.store.store import Store
from tests.unit.store.parts import running

BEGAN = "2026-01-01T12:00:00.000Z"
LIMITED = ev.AgentLimited(agent="claude", kind="login", reason="it expired", began=BEGAN)
LATER = 60.0
FOREVER = 4_000_000_000_000


class Owned:
    """An agent that is known by a person's own login, and was refused."""

    def __init__(self, store: Store, file: Path) -> None:
        self.store = store
        self.file = file
        self.renewals = Renewals(store, Clock(), ["claude"])

    def write(self, seconds: float, expires: int = FOREVER) -> None:
        """Have the login be written so long after the run began to which it was refused."""
        login = {"accessToken": "hush", "expiresAt": expires}
        self.file.write_text(json.dumps({"claudeAiOauth": login}))
        at = datetime.fromisoformat(BEGAN).timestamp() + seconds
        os.utime(self.file, (at, at))

    async def is_tried(self) -> bool:
        """Look, and tell whether one run is to try."""
        await self.renewals.look()
        return self.store.state.accounts["claude"].at_once


def play(
    tmp_path: Path,
    scene: Callable[[Owned], Awaitable[None]],
    kind: Login = Login.OWN,
    *,
    limited: bool = True,
) -> None:
    async def whole() -> None:
        async with running(tmp_path / "state") as store:
            file = credentials.file(credentials.place(store.directory), "claude")
            file.parent.mkdir()
            path = tmp_path / ".credentials.json"
            kept = Stored(kind=kind, path=str(path), secret="hush")
            file.write_bytes(msgspec.json.encode(kept))
            project = ev.ProjectAdded(project="p1", alias="site", path="/site", agent="claude")
            await store.commit(project, ev.AgentLoggedIn(agent="claude", kind=kind.value))
            if limited:
                await store.commit(LIMITED)
            await scene(Owned(store, path))

    asyncio.run(whole())


def test_a_login_that_is_gone_old_or_no_good_is_not_tried(tmp_path: Path) -> None:
    async def scene(owned: Owned) -> None:
        assert not await owned.is_tried()
        owned.write(-LATER)
        assert not await owned.is_tried(), "it is the one that was refused"
        owned.write(LATER, expires=1000)
        assert not await owned.is_tried(), "it has expired"
        owned.file.write_text("{")
        assert not await owned.is_tried()

    play(tmp_path, scene)


@pytest.mark.parametrize(("seconds", "tried"), [(3e11, True), (-7e10, False)])
def test_a_file_of_a_time_that_has_no_date_stops_nothing(seconds: float, tried: bool) -> None:
    async def scene(owned: Owned) -> None:
        owned.write(seconds)
        assert abs(owned.file.stat().st_mtime - seconds) < 1e10
        assert await owned.is_tried() is tried

    # In memory: few file systems of a disk have such times.
    with tempfile.TemporaryDirectory(dir="/dev/shm") as directory:
        play(Path(directory), scene)


def test_another_kind_of_login_is_the_operator_s_to_change(tmp_path: Path) -> None:
    async def scene(owned: Owned) -> None:
        owned.write(LATER)
        assert not await owned.is_tried()

    play(tmp_path, scene, Login.TOKEN)


def test_another_limit_is_not_the_login_s(tmp_path: Path) -> None:
    async def scene(owned: Owned) -> None:
        owned.write(LATER)
        await owned.store.commit(ev.AgentLimited(agent="claude", kind="rate", reason="busy"))
        assert not await owned.is_tried()

    play(tmp_path, scene)


def test_a_login_that_was_renewed_is_tried(tmp_path: Path) -> None:
    async def scene(owned: Owned) -> None:
        # After the run had read it, and long before its provider refused it.
        assert owned.store.state.accounts["claude"].since > BEGAN
        owned.write(LATER)
        assert await owned.is_tried()

    play(tmp_path, scene)


def test_where_nothing_says_what_was_refused_it_is_what_was_there_then(tmp_path: Path) -> None:
    async def scene(owned: Owned) -> None:
        await owned.store.commit(replace(LIMITED, began=""))
        owned.write(LATER)
        assert not await owned.is_tried()
        owned.file.touch()
        assert await owned.is_tried()

    play(tmp_path, scene)


def test_one_that_is_refused_again_is_not_tried_again_until_it_changes(tmp_path: Path) -> None:
    async def scene(owned: Owned) -> None:
        owned.write(LATER)
        assert await owned.is_tried()
        await owned.store.commit(LIMITED)
        assert not await owned.is_tried()
        owned.write(2 * LATER)
        assert await owned.is_tried()

    play(tmp_path, scene)


def test_one_that_has_expired_is_told_before_any_run_is_refused_until_it_is_renewed(
    tmp_path: Path,
) -> None:
    async def scene(owned: Owned) -> None:
        owned.write(LATER, expires=1000)
        await owned.renewals.look()
        (item,) = standing.wanted(owned.store.state)
        assert item.text == "the login of claude expired at 1970-01-01T00:00:01.000Z"
        assert item.command == "claude   # renews your login"
        told = owned.store.state.accounts["claude"]
        await owned.renewals.look()
        assert owned.store.state.accounts["claude"] is told, "it is told once"

        owned.write(2 * LATER)
        await owned.renewals.look()
        assert standing.wanted(owned.store.state) == ()

    play(tmp_path, scene, limited=False)


def test_one_that_is_good_or_nowhere_is_not_told_of_and_looked_at_when_it_ends(
    tmp_path: Path,
) -> None:
    async def scene(owned: Owned) -> None:
        await owned.renewals.look()
        assert standing.wanted(owned.store.state) == (), "it may just be written"
        owned.write(LATER)
        await owned.renewals.look()
        owned.write(LATER, expires=1000)
        await owned.renewals.look()
        assert standing.wanted(owned.store.state) == (), "it said that it is good for long"
        await Owned(owned.store, owned.file).renewals.look()
        assert len(standing.wanted(owned.store.state)) == 1, "a daemon that starts looks at it"

    play(tmp_path, scene, limited=False)


def test_another_kind_of_login_is_told_of_before_it_ends_and_by_what_it_said(
    tmp_path: Path,
) -> None:
    async def scene(owned: Owned) -> None:
        owned.write(LATER, expires=1000)
        await owned.renewals.look()
        assert standing.wanted(owned.store.state) == ()

    play(tmp_path, scene, Login.TOKEN, limited=False)
