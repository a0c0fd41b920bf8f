import asyncio
from pathlib import Path

import pytest
from msgspec.structs import replace

from pmrunnerd.api import respond as r
from pmrunnerd.api import standing
from pmrunnerd.model import events as ev
from pmrunnerd.model import protocol as p
from pmrunnerd.model.errors import Forbidden
from pmrunnerd.model.state import State
from pmrunnerd.rules import limits
from tests.unit.api.desks import AT, READER, at_work
from tests.unit.rules.life import a_draft, a_plan, happen, started

USED = ev.ProjectAdded(project="w1", alias="kitchen", path="/srv/kitchen", agent="claude")


def test_a_login_that_nothing_uses_any_more_waits_for_nobody() -> None:
    limited = ev.AgentLimited(agent="claude", kind="login", reason="401")
    state = happen(State(), USED, limited)
    other = happen(state, ev.ProjectAdded(project="w2", alias="cake", path="/srv/cake"))
    kitchen, cake = other.projects["w1"], other.projects["w2"]
    assert [len(standing.wanted(state, one)) for one in (None, kitchen, cake)] == [1, 1, 0]

    happen(state, ev.ProjectChanged(project="w1", agent="shell"))
    assert (standing.wanted(state), standing.checks(state, AT)) == ((), ())
    assert standing.limited(state, AT) == ()

    happen(state, ev.ProjectChanged(project="w1", agent="claude"))
    assert standing.wanted(state) != ()
    happen(state, ev.ProjectRemoved(project="w1"))
    assert standing.wanted(state) == ()


def test_work_that_is_not_over_wants_the_login_of_its_agent() -> None:
    state = happen(a_draft(), ev.AgentLimited(agent="oracle", kind="login", reason="401"))
    (project,) = state.projects.values()
    assert (project.agent, limits.agent_of(state, state.tasks["t1"])) == ("shell", "oracle")
    assert len(standing.wanted(state, project)) == len(standing.wanted(state)) == 1

    happen(state, ev.TaskCancelled(task="t1", project=project.id, by="anna"))
    assert standing.wanted(state) == ()


def test_a_limit_that_passes_is_a_warning_and_waits_for_nobody() -> None:
    until = "2026-01-01T10:00:00.000Z"
    state = happen(
        State(), USED, ev.AgentLimited(agent="claude", kind="rate", reason="busy", until=until)
    )
    (check,) = standing.checks(state, AT)
    assert (check.state, check.hint) == ("warning", "pmrunnerctl agent show claude")
    assert standing.limited(state, AT) == (
        "claude: limited by the provider until 10:00 UTC, one probe first: busy",
    )
    assert standing.wanted(state) == ()
    assert standing.checks(state, until) == ()


def test_only_what_is_queued_waits_for_a_login_and_not_once_there_is_one() -> None:
    limited = ev.AgentLimited(agent="shell", kind="login", reason="401")
    state = happen(a_plan({"a": (), "b": ()}), started("t1", "r1"), limited)

    assert [standing.wants_login(state, task) for task in state.tasks.values()] == [False, True]
    happen(state, ev.AgentLoggedIn(agent="shell", kind="token", by="anna"))
    assert not standing.wants_login(state, state.tasks["t2"])


def test_a_login_that_is_wanted_or_ends_soon_is_in_the_inbox_and_in_status(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk:
            limited = ev.AgentLimited(agent="claude", kind="login", reason="401")
            await desk.store.commit(USED, limited)
            (item,) = r.look(desk, READER, p.Inbox()).items  # type: ignore[attr-defined]
            assert (item.kind, item.text) == ("login", "nothing of claude starts: 401")
            assert item.command == "pmrunnerctl agent login claude"
            overview = r.look(desk, READER, p.Status())
            assert overview.waiting == 1  # type: ignore[attr-defined]
            (why,) = overview.limits  # type: ignore[attr-defined]
            assert why.startswith("claude: nobody is logged in: 401")
            found = r.look(desk, READER, p.Doctor())
            check = found.checks[-1]  # type: ignore[attr-defined]
            assert (check.name, check.state) == ("claude limit", "problem")
            assert check.hint == "pmrunnerctl agent login claude"
            ends = "2027-01-01T00:00:00.000Z"
            await desk.store.commit(
                ev.AgentFree(agent="claude"),
                ev.AgentLoggedIn(agent="claude", kind="token", expires=ends),
                ev.AgentExpiring(agent="claude", expires=ends),
            )
            (item,) = r.look(desk, READER, p.Inbox()).items  # type: ignore[attr-defined]
            assert item.text == f"the login of claude expires at {ends}"

    asyncio.run(scenario())


def test_a_backup_that_failed_waits_in_the_inbox_until_there_is_one(tmp_path: Path) -> None:
    async def scenario() -> None:
        admin = replace(READER, access=p.Access.ADMIN)
        async with at_work(tmp_path) as desk:
            failed = p.BackupReport(failed="cannot write /b: the disk is full")
            with pytest.raises(Forbidden):
                await r.respond(desk, READER, failed, "a")
            await r.respond(desk, admin, failed, "b")
            (item,) = r.look(desk, READER, p.Inbox()).items  # type: ignore[attr-defined]
            assert (item.kind, item.at) == ("backup", AT)
            assert item.text == "the state was not backed up: cannot write /b: the disk is full"
            assert r.look(desk, READER, p.Status()).waiting == 1  # type: ignore[attr-defined]
            seq = desk.store.durable
            for identifier in ("c", "d"):
                await r.respond(desk, admin, p.BackupReport(), identifier)
                assert r.look(desk, READER, p.Inbox()).items == ()  # type: ignore[attr-defined]
            # Each night without trouble is no fact.
            assert desk.store.durable == seq + 1

    asyncio.run(scenario())
