import asyncio
import hashlib
from pathlib import Path

import msgspec
import pytest

from pmrunnerd.engine.accounting import Accounting
from pmrunnerd.engine.premises import Premises
from pmrunnerd.engine.workspaces import Workspaces
from pmrunnerd.model.entities import Project, ProjectType
from pmrunnerd.model.promotion import RECORDS
from pmrunnerd.model.views import ChangesView
from pmrunnerd.rules.promotion.looked import Looked
from pmrunnerd.services.errands.here import Here
from pmrunnerd.services.promotion.following import Following
from pmrunnerd.services.releases.shelf import Shelf
from tests.unit.services.parts import git, head, needs_sandbox, repository
from tests.unit.services.releases.made import Made
from tests.unit.store.parts import running

pytestmark = needs_sandbox


async def _looked(tmp_path: Path, root: Path, named: str = "") -> tuple[Looked, ChangesView]:
    project = Project(
        id="w1", alias="runner", path=str(tmp_path / "w"), project_type=ProjectType.RUNNER_DEV
    )
    async with running(tmp_path / "state") as store:
        workspaces = Workspaces(store, unconfined=False, errands=Here())
        premises = Premises(
            Here(),
            Accounting(store, Here(), workspaces, room=tmp_path),
            lambda environment: Shelf(root, environment),
            Following(root),
            environment="prod",
        )
        looked = await premises.look(project, named)
        return looked, await premises.changes(project, looked.commit)


def test_everything_is_looked_at_and_what_is_here_is_found(tmp_path: Path) -> None:
    here, made = repository(tmp_path / "w"), Made(tmp_path / "root")
    place = made.root / RECORDS / "prod"
    place.mkdir(parents=True, exist_ok=True)
    trial = {"id": "x1", "state": "open", "candidate": "1.1-b", "previous": made.name}
    (place / "trial.json").write_bytes(msgspec.json.encode(trial))
    (here / "new.txt").touch()

    looked, _ = asyncio.run(_looked(tmp_path, made.root))

    assert (looked.commit, looked.commit_why) == (head(here), "")
    assert looked.git_tree == git(here, "rev-parse", "HEAD^{tree}").strip()
    assert looked.workspace.files == ("new.txt",)
    assert looked.evidence is not None
    assert looked.evidence.complaints
    assert (looked.running, looked.on_trial) == (made.name, "1.1-b")
    assert [one.id for one in looked.releases] == [made.name]


def test_the_section_is_the_one_that_is_hashed(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    first, _ = asyncio.run(_looked(tmp_path, tmp_path / "root"))
    (here / "EVIDENCE.md").write_text(
        f"# Evidence\n\n## {first.source} All of it   \n\nI looked.\n"
    )
    git(here, "add", "EVIDENCE.md")
    git(here, "commit", "--quiet", "-m", "evidence")

    looked, _ = asyncio.run(_looked(tmp_path, tmp_path / "root"))

    assert looked.source == first.source
    assert looked.section == f"## {first.source} All of it\n\nI looked.\n"
    assert looked.evidence is not None
    assert looked.evidence.seal == hashlib.sha256(looked.section.encode()).hexdigest()


def test_what_cannot_be_looked_at_is_a_reason_and_the_rest_is_looked_at(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")

    looked, changes = asyncio.run(_looked(tmp_path, tmp_path / "root", "nope"))

    assert "cannot find nope" in looked.commit_why
    assert (looked.commit, looked.releases, looked.running) == ("", (), "")
    assert looked.workspace.head == head(here)
    assert changes.why == "prod runs no release"


@pytest.mark.parametrize("known", [True, False])
def test_what_is_new_is_told_since_the_commit_of_the_release_that_runs(
    tmp_path: Path, *, known: bool
) -> None:
    here, made = repository(tmp_path / "w"), Made(tmp_path / "root")
    made.sign(commit=head(here) if known else "0" * 40)
    base = head(here)
    (here / "kept.txt").write_text("kept\nand more\n")
    git(here, "commit", "--quiet", "--all", "-m", "It is better")

    _, changes = asyncio.run(_looked(tmp_path, made.root))

    if not known:
        assert changes.why
        return
    assert (changes.base, changes.why) == (base, "")
    assert [one.subject for one in changes.commits] == ["It is better"]
    assert [(one.path, one.added) for one in changes.files] == [("kept.txt", 1)]
