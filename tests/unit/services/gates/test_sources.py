from pathlib import Path

import pytest

from pmrunnerd.model.entities import Project
from pmrunnerd.model.errors import PmError
from pmrunnerd.services.errands.here import Here
from pmrunnerd.services.gates.place import GatePlace
from pmrunnerd.services.gates.sources import Sources
from tests.unit.services.gates.parts import awaited
from tests.unit.services.parts import git, head, repository


def sources(tmp_path: Path) -> tuple[Sources, Path, Project]:
    workspace = repository(tmp_path / "workspace")
    place = GatePlace(tmp_path / "state/gates")
    found = Sources(Here(), place, hidden=(tmp_path / "state",), unconfined=False)
    return found, place.tree(""), Project(id="w1", alias="cake", path=str(workspace))


@awaited
async def test_a_tree_is_there_by_its_digest_and_once_for_each_content(tmp_path: Path) -> None:
    source, trees, project = sources(tmp_path)
    workspace = Path(project.path)
    commit = await source.commit(project, "")
    assert commit == head(workspace)
    (workspace / "kept.txt").write_text("not committed\n")
    digest = await source.tree(project, commit)
    assert (trees / digest / "kept.txt").read_text() == "kept\n"
    git(workspace, "commit", "--quiet", "--allow-empty", "-m", "The same")
    later = await source.commit(project, "main")
    assert later != commit
    assert await source.tree(project, later) == digest
    assert [path.name for path in trees.iterdir()] == [digest]


@awaited
async def test_what_was_begun_by_one_who_was_killed_is_no_hindrance(tmp_path: Path) -> None:
    source, trees, project = sources(tmp_path)
    commit = await source.commit(project, "")
    half = trees / f".new-w1-{commit}"
    half.mkdir()
    (half / "half").touch()
    digest = await source.tree(project, commit)
    assert [path.name for path in trees.iterdir()] == [digest]
    assert not (trees / digest / "half").exists()


@awaited
async def test_a_commit_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    source, _, project = sources(tmp_path)
    with pytest.raises(PmError):
        await source.commit(project, "nowhere")
    with pytest.raises(PmError):
        await source.tree(project, "0" * 40)


@awaited
async def test_what_a_crash_left_in_part_is_cleared_and_what_is_whole_stays(tmp_path: Path) -> None:
    source, trees, project = sources(tmp_path)
    await source.clear()
    digest = await source.tree(project, head(Path(project.path)))
    for name in (".partial-0123456789abcdef", f".new-w1-{'1' * 40}"):
        (trees / name / "deep").mkdir(parents=True)
        (trees / name / "deep/file").touch()
    await source.clear()
    assert [path.name for path in trees.iterdir()] == [digest]


@awaited
async def test_a_tree_that_cannot_be_read_just_now_stays_and_is_said_so(tmp_path: Path) -> None:
    source, trees, project = sources(tmp_path)
    commit = await source.commit(project, "")
    digest = await source.tree(project, commit)
    (trees / digest).rename(tmp_path / "elsewhere")
    (trees / digest).write_text("in its place")
    with pytest.raises(NotADirectoryError):
        await source.tree(project, commit)
    assert (trees / digest).read_text() == "in its place"
