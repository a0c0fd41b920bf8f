"""A release is moved by a daemon that is killed in the middle of it, while somebody plays root."""

import asyncio
import fcntl
import json
from pathlib import Path

import pytest

from pmrunnerd.model import events as ev
from pmrunnerd.model import protocol as p
from pmrunnerd.model import views as v
from pmrunnerd.model.entities import ProjectType
from pmrunnerd.model.promotion import RECORDS, Deed
from pmrunnerd.model.promotions import PromotionState
from pmrunnerd.services.clock import Clock
from pmrunnerd.store.store import Store
from tests.integration.daemon import Daemon
from tests.unit.services.parts import eventually, git, head, repository

NAME = "x1-4f2a"
SCRIPT = "```sh\ntrue\n```"


def recorded(state: Path, *facts: ev.AnyEvent) -> None:
    """Record what a daemon had, that is not there any more."""

    async def whole() -> None:
        store = Store(state, Clock().now, release="0.1.0")
        try:
            async with asyncio.TaskGroup() as group:
                running = group.create_task(store.run())
                await store.commit(*facts)
                running.cancel()
        finally:
            store.close()

    asyncio.run(whole())


class Root:
    """Whoever acts as root: it is at work, and writes down what it does."""

    def __init__(self, root: Path) -> None:
        self.place = root / RECORDS / "test"
        (self.place / NAME).mkdir(parents=True)
        self._lock = (self.place / "promoting.lock").open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def step(self, *steps: str, why: str = "") -> None:
        with (self.place / NAME / "steps.jsonl").open("a") as file:
            for step in steps:
                file.write(json.dumps({"step": step, "at": 1700.0, "why": why}) + "\n")

    def trial(self, state: str) -> None:
        said = {"id": NAME, "state": state, "candidate": "1.1-b", "previous": "1.0-a"}
        (self.place / "trial.json").write_text(json.dumps(said))

    def go(self) -> None:
        self._lock.close()


def is_in(daemon: Daemon, state: PromotionState) -> bool:
    found: v.PromotionRow = daemon.ask(p.PromotionShow(promotion="x1"))
    return found.promotion.state is state


def test_a_daemon_that_is_killed_in_the_middle_tells_on_and_runs_wait_meanwhile(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    workspace = repository(tmp_path / "workspace")
    root = Root(tmp_path / "root")
    request.addfinalizer(root.go)
    recorded(
        tmp_path / "state",
        ev.ProjectAdded(
            project="w1", alias="cake", path=str(workspace), project_type=ProjectType.RUNNER_DEV
        ),
        ev.PromotionRequested(
            promotion=NAME,
            project="w1",
            deed=Deed.PROMOTE,
            environment="test",
            release="1.1-" + "b" * 12,
            commit=head(workspace),
            by="anna",
        ),
    )
    with Daemon(tmp_path / "state", f"--root={tmp_path / 'root'}") as daemon:
        root.step("begun", "signed", "rehearsed", "opened")
        root.trial("open")
        eventually(lambda: is_in(daemon, PromotionState.ON_TRIAL))
        busy = daemon.ctl("promote", "cake")
        assert busy.returncode == 40, busy.stderr
        said = daemon.ask(p.ChatSend(project="cake", text=SCRIPT))
        assert said.id == "m1", "messages are accepted"
        eventually(lambda: daemon.ask(p.TaskList()).tasks)
        *_, row = daemon.ask(p.TaskList()).tasks
        assert row.waits.startswith("release 1.1-b is on trial"), row.waits
        daemon.kill()
        root.step("switched", "restarted", "healthy")
        daemon.start()
        root.step("returning", "returned", why="it lost a question")
        root.trial("returned")
        root.go()
        eventually(lambda: is_in(daemon, PromotionState.RETURNED))
        eventually(lambda: daemon.ask(p.TaskShow(task=row.task.id)).task.state == "COMPLETE")
        shown = daemon.ctl("promotion", "show", "x1")
        assert "why          it lost a question\n" in shown.stdout, shown.stdout
        texts = [one.text for one in conversation(daemon) if one.kind == "promotion"]
        assert len(texts) == 3, texts
        assert texts[-1].endswith("and is healthy: it lost a question")
        assert daemon.ctl("promotion", "seen", "x1").returncode == 0
        assert "x1-4f2a" not in daemon.ctl("inbox").stdout


def conversation(daemon: Daemon) -> tuple[v.Entry, ...]:
    found: v.Conversation = daemon.ask(p.ChatHistory(project="cake"))
    return found.entries


def test_all_that_is_missing_is_said_at_once_with_commands_that_mend_it(tmp_path: Path) -> None:
    workspace = repository(tmp_path / "workspace")
    (workspace / "new.txt").touch()
    with Daemon(tmp_path / "state", f"--root={tmp_path / 'root'}") as daemon:
        none = daemon.ctl("promote", "--dry-run")
        assert none.returncode == 10
        assert "no project is this runner itself" in none.stderr
        kind = ProjectType.RUNNER_DEV
        daemon.ask(p.ProjectAdd(alias="cake", path=str(workspace), project_type=kind))
        refused = daemon.ctl("promote")
        assert refused.returncode == 10
        for said in (
            "environment: this is test, and only prod is promoted into",
            "workspace: not committed: new.txt",
            "gates: nothing was gated of source ",
            "release: nothing was gated that it could be built of",
            "evidence: ",
            "approval: ",
        ):
            assert said in refused.stderr, refused.stderr
        git(workspace, "add", ".")
        git(workspace, "commit", "--quiet", "-m", "More")
        shown = daemon.ctl("promote", "--dry-run")
        assert shown.returncode == 10
        assert "nothing is uncommitted" in shown.stdout, shown.stdout
        assert daemon.ctl("promotion", "list").stdout.startswith("no release was moved yet")
        assert daemon.ctl("rollback").returncode == 10
