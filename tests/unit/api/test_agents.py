import asyncio
from pathlib import Path

import pytest

from pmrunnerd.api import respond as r
from pmrunnerd.api.access import Caller
from pmrunnerd.model import protocol as p
from pmrunnerd.model.errors import Forbidden
from tests.unit.api.desks import ANNA, READER, at_work

ROOT = Caller(name="root", uid=0, access=p.Access.ADMIN)
TOKEN = "sk-ant-oat01-hush"


def test_only_who_administers_logs_an_agent_in_or_out(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk:
            for request in (p.AgentLogin(secret=TOKEN), p.AgentLogout()):
                with pytest.raises(Forbidden) as refused:
                    await r.respond(desk, ANNA, request, "")
                assert "hush" not in f"{refused.value} {refused.value.hint}"
            assert not (desk.state_directory / "secrets").exists()

    asyncio.run(scenario())


def test_a_login_is_shown_to_who_reads_without_what_it_is(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk:
            await r.respond(desk, ROOT, p.AgentLogin(secret=TOKEN), "")
            shown = await r.respond(desk, READER, p.AgentShow(), "")
            assert "login='token', " in repr(shown)
            assert "by='root'" in repr(shown)
            assert "hush" not in repr(shown)
            await r.respond(desk, ROOT, p.AgentLogout(), "")
            assert desk.store.state.accounts["claude"].login == ""

    asyncio.run(scenario())


def test_who_operates_may_have_an_agent_tried(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk:
            with pytest.raises(Forbidden):
                await r.respond(desk, READER, p.AgentTry(), "")
            found = await r.respond(desk, ANNA, p.AgentTry(), "")
            names = [check.name for check in found.checks]  # type: ignore[attr-defined]
            assert names == ["claude", "claude sandbox", "claude login", "claude request"]

    asyncio.run(scenario())


def test_of_one_that_logs_in_by_itself_the_program_is_what_there_is_to_tell(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk:
            shown = await r.respond(desk, READER, p.AgentShow(agent="acp"), "")
            assert shown.problem == "agent.acp.command is not set"  # type: ignore[attr-defined]
            start = "pmrunnerctl stop --keep-runs; pmrunnerctl start -- --agent-acp-command '"
            assert shown.hint.startswith(start)  # type: ignore[attr-defined]
            found = await r.respond(desk, ANNA, p.AgentTry(agent="acp"), "")
            (check,) = found.checks  # type: ignore[attr-defined]
            assert (check.name, check.state) == ("acp", "problem")

    asyncio.run(scenario())
