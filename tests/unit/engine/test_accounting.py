import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from pmrunnerd.engine.accounting import Accounting
from pmrunnerd.engine.workspaces import Workspaces
from pmrunnerd.model import events as ev
from pmrunnerd.model import protocol as p
from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.errors import NotFound, Refused
from pmrunnerd.model.evidence import NAME
from pmrunnerd.model.gates import GateRun
from pmrunnerd.services.errands.here import Here
from pmrunnerd.store.store import Store
from tests.unit.api.desks import drafted, posted
from tests.unit.rules.evidence.parts import RECORD
from tests.unit.services.parts import git, head, needs_sandbox, repository
from tests.unit.store.parts import running

pytestmark = needs_sandbox
RUN = "r1-aaaa"


class Stage:
    """A store with one project, and who looks at its evidence; of each content, a gate run is known."""

    def __init__(self, store: Store, here: Path) -> None:
        self.store, self.here = store, here
        workspaces = Workspaces(store, unconfined=False, errands=Here())
        self.accounting = Accounting(store, Here(), workspaces, records=self.record)

    def record(self, source: str) -> GateRun | None:
        return replace(RECORD, source=source)

    async def write(self, **words: bool) -> str:
        request = p.EvidenceWrite(project="w1", **words)  # type: ignore[arg-type]
        draft = await self.accounting.write(self.store.state.project("w1"), request)
        return draft.section

    async def complaints(self, **words: bool) -> list[str]:
        request = p.EvidenceCheck(project="w1", **words)  # type: ignore[arg-type]
        view = await self.accounting.check(self.store.state.project("w1"), request)
        return [one.what for one in view.complaints]


def play(tmp_path: Path, scene: Callable[[Stage], Awaitable[None]]) -> None:
    here = repository(tmp_path / "w")

    async def whole() -> None:
        async with running(tmp_path / "state") as store:
            await store.commit(ev.ProjectAdded(project="w1", alias="demo", path=str(here)))
            await scene(Stage(store, here))

    asyncio.run(whole())


def completed(text: str) -> str:
    while "[TO COMPLETE" in text:
        before, _, rest = text.partition("[TO COMPLETE")
        name, _, after = rest.partition("]")
        text = (
            f"{before}Somebody looked with own eyes at{name.partition(':')[0]} and saw it.{after}"
        )
    return text


def test_a_section_is_begun_completed_committed_and_found_good(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        assert await stage.complaints() == [
            "cannot read EVIDENCE.md: there is none at the top of the repository"
        ]
        await stage.write()
        file = stage.here / NAME
        assert all("to be completed" in one for one in await stage.complaints(uncommitted=True))
        assert "there is none" in (await stage.complaints())[0]
        file.write_text(completed(file.read_text()))
        assert await stage.complaints(uncommitted=True) == []
        git(stage.here, "add", NAME)
        git(stage.here, "commit", "--quiet", "--message=evidence")
        assert await stage.complaints() == []
        (stage.here / "kept.txt").write_text("other\n")
        assert await stage.complaints() == []
        git(stage.here, "commit", "--quiet", "--all", "--message=change")
        assert "which is other content" in (await stage.complaints())[0]

    play(tmp_path, scene)


def test_what_is_printed_is_not_written_and_what_is_there_is_not_written_again(
    tmp_path: Path,
) -> None:
    async def scene(stage: Stage) -> None:
        text = await stage.write(printed=True)
        assert not (stage.here / NAME).exists()
        assert await stage.write() == text
        (stage.here / NAME).write_text((stage.here / NAME).read_text() + "mine\n")
        assert await stage.write() == f"{text}mine\n"

    play(tmp_path, scene)


def test_a_commit_names_the_task_and_the_run_that_made_it(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        made = head(stage.here)
        await stage.store.commit(posted(), drafted("a"))
        await stage.store.commit(ev.PlanApproved(plan="p1", project="w1", by=""))
        await stage.store.commit(
            ev.RunStarted(run=RUN, task="t1", project="w1", agent="shell", attempt=1)
        )
        with pytest.raises(Refused, match="a run works in its workspace"):
            await stage.write()
        assert await stage.write(printed=True)
        over = ev.RunEnded(run=RUN, project="w1", outcome=Outcome.SUCCEEDED, cursor=0, commit=made)
        await stage.store.commit(over, ev.TaskCompleted(task="t1", project="w1", commit=made))
        assert f"- `{made[:12]}` `start` (t1, {RUN})" in await stage.write(printed=True)

    play(tmp_path, scene)


def test_a_commit_that_is_not_there_is_told_by_name(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        request = p.EvidenceCheck(project="w1", commit="gone")
        with pytest.raises(NotFound, match="cannot find commit gone in"):
            await stage.accounting.check(stage.store.state.project("w1"), request)

    play(tmp_path, scene)
