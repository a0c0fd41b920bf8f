import asyncio
from pathlib import Path

from pmrunnerd.services import marker
from pmrunnerd.services.judgement import Judgement, judge
from pmrunnerd.services.marker import Marker
from tests.unit.services.parts import RUN, git, hands, head, repository


def _judge(path: Path) -> Judgement:
    return asyncio.run(judge(hands(path)))


def _note(path: Path) -> Marker:
    note = Marker(run=RUN, head=head(path), branch="main")
    marker.write(path, note)
    return note


def test_a_clean_workspace_without_a_note_is_free(tmp_path: Path) -> None:
    found = _judge(repository(tmp_path / "w"))

    assert (found.problem, found.leftovers) == ("", None)


def test_changes_without_a_note_are_a_person_s_and_named(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    (here / "draft.txt").touch()

    found = _judge(here)
    assert found.problem.endswith("no run made; commit or stash them: draft.txt")
    assert found.leftovers is None


def _with_submodule(root: Path) -> Path:
    here, library = repository(root / "w"), repository(root / "library")
    allow = ("-c", "protocol.file.allow=always")
    git(here, *allow, "submodule", "add", "--quiet", str(library), "library")
    git(here, "commit", "--quiet", "--message=add")
    return here


def test_one_of_which_git_can_make_nothing_is_no_place_to_begin(tmp_path: Path) -> None:
    here = _with_submodule(tmp_path)
    (here / ".git/modules/library/objects").rename(tmp_path / "objects")

    assert "library" in _judge(here).problem


def test_changes_in_a_submodule_are_a_person_s_like_any_other(tmp_path: Path) -> None:
    here = _with_submodule(tmp_path)
    assert [one.submodule.path for one in _judge(here).submodules] == ["library"]
    for path in ("draft.txt", "library/draft.txt"):
        (here / path).touch()
    assert _judge(here).problem.endswith(
        "no run made; commit or stash them: draft.txt, library/draft.txt"
    )

    _note(here)
    assert _judge(here).problem == ""
    git(here, "commit", "--quiet", "--allow-empty", "-m", "mine")
    assert _judge(here).problem.endswith(
        "since; commit or stash them: draft.txt, library/draft.txt"
    )


def test_changes_with_a_note_are_the_dead_run_s(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    note = _note(here)
    (here / "half").touch()

    found = _judge(here)
    assert (found.problem, found.leftovers) == ("", note)


def test_changes_after_a_person_s_commit_could_be_anybody_s(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    _note(here)
    git(here, "commit", "--quiet", "--allow-empty", "-m", "mine")
    assert _judge(here).problem == ""
    (here / "half").touch()

    found = _judge(here)
    assert f"of run {RUN} or of whoever committed since" in found.problem
    assert found.leftovers is None


def test_changes_after_the_run_s_own_last_commit_are_a_person_s(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    _note(here)
    asyncio.run(
        hands(here)("commit", "--allow-empty", "--quiet", "-m", f"done\n\nPM-Runner-Run: {RUN}")
    )
    assert _judge(here).problem == ""
    (here / "mine").touch()

    assert "no run made" in _judge(here).problem


def test_looking_at_a_workspace_changes_nothing(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    _note(here)
    (here / "half").touch()
    before = {p: p.stat().st_mtime_ns for p in here.rglob("*") if p.is_file()}
    _judge(here)

    assert {p: p.stat().st_mtime_ns for p in here.rglob("*") if p.is_file()} == before


def test_where_somebody_committed_since_a_repository_of_the_dead_run_is_no_place_to_begin(
    tmp_path: Path,
) -> None:
    here = repository(tmp_path / "w")
    _note(here)
    repository(here / "own")
    git(here, "add", "own")
    git(here, "commit", "--quiet", "-m", "mine, with what the run had staged")

    assert "submodule own has its configuration where an agent could write" in _judge(here).problem
