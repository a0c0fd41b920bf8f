import asyncio
import logging
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from pmrunnerd.engine.logins import Logins
from pmrunnerd.model import events as ev
from pmrunnerd.model import protocol as p
from pmrunnerd.model.errors import BadRequest, NotFound
from pmrunnerd.model.logins import Login
from pmrunnerd.services import process
from pmrunnerd.services.clock import Clock
from pmrunnerd.services.credentials import NoLogin
from pmrunnerd.services.errands.here import Here
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.store import Store
from tests.unit.store.parts import AT, running

TOKEN = "sk-ant-oat01-hush"


class Stopped(Clock):
    def now(self) -> str:
        return AT


def play(tmp_path: Path, scene: Callable[[Store, Logins], Awaitable[None]]) -> None:
    cli = tmp_path / "claude"
    cli.write_text("#!/bin/sh\necho 2.1.0\n")
    cli.chmod(0o755)

    async def whole() -> None:
        async with running(tmp_path / "state") as store:
            await scene(store, Logins(store, Stopped(), ["claude"], Here(), named=str(cli)))

    asyncio.run(whole())


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        (p.AgentLogin(secret=""), "no key and no token"),
        (p.AgentLogin(secret="hush hush"), "no key and no token"),
        (p.AgentLogin(secret="hush"), "begins neither as"),
        (p.AgentLogin(secret=TOKEN, path="/x"), "is an absolute path"),
        (p.AgentLogin(kind=Login.OWN, path="x"), "is an absolute path"),
        (p.AgentLogin(secret=TOKEN, expires="soon"), "'soon' is no time"),
        (p.AgentLogin(secret=TOKEN, expires="0001-01-01T00:00+14:00"), "is no time"),
        (p.AgentLogin(secret=TOKEN, expires="9999-12-31T23:59-14:00"), "is no time"),
    ],
)
def test_what_cannot_be_a_login_is_refused_and_not_repeated(
    tmp_path: Path, request_: p.AgentLogin, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    async def scene(store: Store, logins: Logins) -> None:
        with pytest.raises(BadRequest, match=why) as refused:
            await logins.login(request_, "anna")
        assert "hush" not in f"{refused.value} {refused.value.hint} {request_!r} {caplog.text}"
        assert not (store.directory / "secrets").exists()
        assert dict(store.state.accounts) == {}

    play(tmp_path, scene)


def test_a_login_that_is_no_good_is_not_taken(tmp_path: Path) -> None:
    async def scene(store: Store, logins: Logins) -> None:
        with pytest.raises(NoLogin, match="no such file"):
            await logins.login(p.AgentLogin(path="/nowhere/.credentials.json"), "anna")
        with pytest.raises(NoLogin, match="expired"):
            await logins.login(p.AgentLogin(secret=TOKEN, expires="2020-01-01"), "anna")
        with pytest.raises(NoLogin, match="expired at 0001-01-01"):
            await logins.login(p.AgentLogin(secret=TOKEN, expires="0001-01-01"), "anna")
        assert not (store.directory / "secrets").exists()

    play(tmp_path, scene)


def test_an_agent_that_needs_no_login_has_none(tmp_path: Path) -> None:
    async def scene(_: Store, logins: Logins) -> None:
        for ask in (
            logins.login(p.AgentLogin(agent="shell", secret=TOKEN), "anna"),
            logins.logout("shell", "anna"),
            logins.show("shell"),
        ):
            with pytest.raises(NotFound, match="those that have a login are claude"):
                await ask

    play(tmp_path, scene)


def test_a_login_is_kept_for_us_alone_and_the_journal_knows_that_there_is_one(
    tmp_path: Path,
) -> None:
    async def scene(store: Store, logins: Logins) -> None:
        shown = await logins.login(p.AgentLogin(secret=TOKEN), "anna")
        place = store.directory / "secrets" / "claude.json"
        assert stat.S_IMODE(place.stat().st_mode) == 0o600
        assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700
        assert TOKEN in place.read_text()
        assert (shown.login, shown.by, shown.since) == ("token", "anna", AT)
        assert shown.expires == "2027-11-24T12:30:00.000Z"
        account = store.state.accounts["claude"]
        assert (account.login, account.by, account.expires) == ("token", "anna", shown.expires)
        journal = b"".join(file.read_bytes() for file in store.directory.glob("journal/*"))
        assert b"agent-logged-in" in journal
        assert b"hush" not in journal
        assert "hush" not in repr(shown)

    play(tmp_path, scene)


def test_a_key_has_no_end_that_we_know(tmp_path: Path) -> None:
    async def scene(store: Store, logins: Logins) -> None:
        await logins.login(p.AgentLogin(secret="odd", kind=Login.API_KEY), "anna")
        assert store.state.accounts["claude"].expires == ""

    play(tmp_path, scene)


def test_a_logout_deletes_it_and_to_say_it_twice_is_no_fault(tmp_path: Path) -> None:
    async def scene(store: Store, logins: Logins) -> None:
        await logins.login(p.AgentLogin(secret=TOKEN), "anna")
        for _ in range(2):
            shown = await logins.logout("claude", "ben")
            assert shown.login == ""
            assert "not logged in" in shown.problem
        assert not (store.directory / "secrets" / "claude.json").exists()
        seq = store.durable
        await logins.logout("claude", "ben")
        assert store.durable == seq

    play(tmp_path, scene)


def test_a_limit_is_shown(tmp_path: Path) -> None:
    async def scene(store: Store, logins: Logins) -> None:
        await store.commit(ev.AgentLimited(agent="claude", kind="login", reason="401"))
        assert "nobody is logged in: 401" in (await logins.show("claude")).limit

    play(tmp_path, scene)


def test_a_login_is_durable_before_it_is_a_fact(tmp_path: Path) -> None:
    class Broken(Disk):
        def sync(self, file: int) -> None:
            raise OSError(28, "No space left on device")

    async def whole() -> None:
        async with running(tmp_path / "state") as store:
            logins = Logins(store, Stopped(), ["claude"], Here(Broken()))
            with pytest.raises(OSError, match="No space"):
                await logins.login(p.AgentLogin(secret=TOKEN), "anna")
            assert dict(store.state.accounts) == {}
            assert list((store.directory / "secrets").iterdir()) == []

    asyncio.run(whole())


def test_a_program_that_is_not_there_or_does_not_start_is_named_with_what_to_do(
    tmp_path: Path,
) -> None:
    async def scene(store: Store, _: Logins) -> None:
        await store.commit()
        for named, problem, hint in (
            ("/nowhere", "/nowhere is no program (agent.claude.path)", "ls -l /nowhere"),
            ("/bin/true", "/true does not start", "/true --version"),
        ):
            logins = Logins(store, Stopped(), ["claude"], Here(), named=named)
            # It comes before the login, which is of no use until then.
            for ask in (logins.show("claude"), logins.login(p.AgentLogin(secret=TOKEN), "anna")):
                shown = await ask
                assert shown.problem.endswith(problem)
                assert shown.hint.endswith(hint)
            await logins.logout("claude", "anna")

    play(tmp_path, scene)


def test_what_its_commands_are_confined_with_keeps_it_from_working_where_it_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene(_: Store, logins: Logins) -> None:
        await logins.login(p.AgentLogin(secret=TOKEN), "anna")
        monkeypatch.setattr(process, "PATH", "/nowhere")
        shown = await logins.show("claude")
        assert shown.problem == "bwrap and socat not installed; runs are refused"
        assert shown.hint == "sudo apt-get install bubblewrap socat"

    play(tmp_path, scene)
