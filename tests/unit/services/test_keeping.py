import asyncio
import time
from pathlib import Path

import pytest

from pmrunnerd.services import marker
from pmrunnerd.services.keeping import Keeping, put_away
from pmrunnerd.services.marker import Marker
from pmrunnerd.services.obstacles import place
from tests.unit.services.parts import RUN, git, hands, head, repository

REF = f"refs/pm-runner/runs/{RUN}"


def _took(path: Path) -> Marker:
    began = Marker(run=RUN, head=head(path), branch="main", since=time.time() - 1)
    marker.write(path, began)
    return began


def _put_away(path: Path, began: Marker) -> Keeping | None:
    return asyncio.run(put_away(hands(path), began, place(began.run)))


def _files(path: Path) -> set[str]:
    return {p.relative_to(path).as_posix() for p in path.rglob("*") if ".git/" not in f"{p}/"}


def test_everything_is_kept_and_the_tree_is_as_it_was(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    began, before = _took(here), _files(here)
    (here / "kept.txt").write_text("changed\n")
    (here / "deep/er").mkdir(parents=True)
    (here / "deep/er/new").write_text("new\n")
    (here / "run.sh").write_text("x")
    (here / "run.sh").chmod(0o755)
    (here / "link").symlink_to("kept.txt")
    (here / "staged").write_text("x")
    git(here, "add", "staged")

    assert _put_away(here, began) == Keeping(ref=REF, files=5)
    assert _files(here) == before
    assert git(here, "status", "--porcelain") == ""
    assert git(here, "show", f"{REF}:deep/er/new") == "new\n"
    assert git(here, "show", f"{REF}:kept.txt") == "changed\n"
    assert git(here, "ls-tree", REF, "run.sh").startswith("100755")
    assert git(here, "ls-tree", REF, "link").startswith("120000")
    assert git(here, "rev-parse", f"{REF}^").strip() == began.head == head(here)


def test_where_nothing_is_there_nothing_is_kept(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")

    assert _put_away(here, _took(here)) is None
    assert git(here, "for-each-ref", "refs/pm-runner") == ""


def test_ignored_files_are_left_alone(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    began = _took(here)
    (here / "ignored").mkdir()
    (here / "ignored/build").write_text("dear\n")
    (here / "new").touch()
    _put_away(here, began)

    assert (here / "ignored/build").read_text() == "dear\n"
    assert not (here / "new").exists()


def test_files_that_the_run_s_own_rules_ignored_are_kept_too(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    began = _took(here)
    (here / ".gitignore").write_text("ignored/\n*.cache\n")
    (here / "new.cache").write_text("worth something\n")
    kept = _put_away(here, began)

    assert kept == Keeping(ref=REF, files=1, also=(f"{REF}-2",)), "or nobody finds it"
    assert git(here, "status", "--porcelain") == ""
    assert not (here / "new.cache").exists()
    assert git(here, "show", f"{REF}-2:new.cache") == "worth something\n"


def test_the_run_s_own_commits_are_kept_and_the_branch_goes_back(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    began = _took(here)
    (here / "one").touch()
    asyncio.run(hands(here)("add", "--all"))
    asyncio.run(hands(here)("commit", "--quiet", "-m", "own"))
    own = head(here)

    assert _put_away(here, began) == Keeping(ref=REF, files=1)
    assert head(here) == began.head
    assert git(here, "rev-parse", REF).strip() == own


def test_a_person_s_commit_stays_and_only_the_tree_is_put_away(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    began = _took(here)
    git(here, "commit", "--quiet", "--allow-empty", "-m", "mine")
    mine = head(here)
    (here / "new").write_text("x")

    assert _put_away(here, began) == Keeping(ref=REF, files=1)
    assert head(here) == mine
    assert git(here, "status", "--porcelain") == ""


def test_a_run_that_left_the_branch_is_put_back_on_it(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    began = _took(here)
    asyncio.run(hands(here)("checkout", "--quiet", "-b", "side"))
    (here / "new").touch()
    asyncio.run(hands(here)("add", "--all"))
    asyncio.run(hands(here)("commit", "--quiet", "-m", "own"))
    _put_away(here, began)

    assert git(here, "symbolic-ref", "HEAD").strip() == "refs/heads/main"
    assert head(here) == began.head
    assert git(here, "log", "--format=%s", "side").splitlines() == ["own", "start"]


def test_a_repository_that_the_run_made_inside_is_moved_and_not_lost(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    began = _took(here)
    repository(here / "some where/inner")
    (here / "some where/inner/kept.txt").write_text("uncommitted\n")
    _put_away(here, began)

    (moved,) = here.glob(f".git/pm-runner-kept/{RUN}-*/inner")
    assert (moved / "kept.txt").read_text() == "uncommitted\n"
    (moved / ".git.kept").rename(moved / ".git")
    (moved / ".git/HEAD.kept").rename(moved / ".git/HEAD")
    assert git(moved, "log", "--format=%s") == "start\n"
    assert git(here, "status", "--porcelain") == ""


def test_an_index_that_was_cut_off_is_no_obstacle(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    began = _took(here)
    (here / "new").touch()
    (here / ".git/index").write_bytes((here / ".git/index").read_bytes()[:40])

    assert _put_away(here, began) == Keeping(ref=REF, files=1)
    assert git(here, "status", "--porcelain") == ""
    assert _files(here) == {".gitignore", "kept.txt"}


def test_what_was_kept_before_is_never_overwritten(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    began = _took(here)
    (here / "first").touch()
    first = _put_away(here, began)
    (here / "second").touch()
    second = _put_away(here, began)

    assert [first, second] == [
        Keeping(ref=REF, files=1),
        Keeping(ref=f"{REF}-2", files=1, also=(REF,)),
    ]
    assert git(here, "ls-tree", "--name-only", REF).split() == [".gitignore", "first", "kept.txt"]


def test_a_merge_that_the_run_left_half_done_is_gone(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    git(here, "checkout", "--quiet", "-b", "other")
    (here / "kept.txt").write_text("theirs\n")
    git(here, "commit", "--quiet", "-am", "theirs")
    git(here, "checkout", "--quiet", "main")
    (here / "kept.txt").write_text("ours\n")
    git(here, "commit", "--quiet", "-am", "ours")
    began = _took(here)
    asyncio.run(hands(here).outcome("merge", "other"))
    assert (here / ".git/MERGE_HEAD").exists()

    assert _put_away(here, began) == Keeping(ref=REF, files=1)
    assert not (here / ".git/MERGE_HEAD").exists()
    assert "<<<<<<<" in git(here, "show", f"{REF}:kept.txt")
    assert (here / "kept.txt").read_text() == "ours\n"


def test_what_was_kept_and_not_said_is_said_by_who_comes_next(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    began = _took(here)
    (here / "new").touch()
    kept = _put_away(here, began)

    assert kept == Keeping(ref=REF, files=1)
    assert _put_away(here, began) == kept

    (here / "newer").touch()
    again = Keeping(ref=f"{REF}-2", files=1, also=(REF,))
    assert _put_away(here, began) == _put_away(here, began) == again


@pytest.mark.parametrize("taken", ["refs/pm-runner", "refs/pm-runner/runs", "REF/x", "REF-2/x"])
def test_a_reference_in_the_way_of_ours_keeps_nothing_from_being_kept(
    tmp_path: Path, taken: str
) -> None:
    here = repository(tmp_path / "w")
    began = _took(here)
    git(here, "update-ref", taken.replace("REF", REF), "HEAD")
    git(here, "pack-refs", "--all")
    (here / "new").touch()
    kept = _put_away(here, began)

    assert kept is not None
    assert git(here, "show", f"{kept.ref}:new") == ""


def test_where_every_name_that_we_count_is_taken_another_is_found(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    began = _took(here)
    for number in ("", *(f"-{number}" for number in range(2, 12))):
        git(here, "update-ref", f"{REF}{number}", "HEAD")
    (here / "new").touch()
    kept = _put_away(here, began)

    assert kept is not None
    assert int(kept.ref.removeprefix(f"{REF}-")) >= 10


def test_where_git_has_too_much_to_say_all_goes_aside_and_the_next_run_can_begin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = repository(tmp_path / "w")
    began = _took(here)
    for number in range(100):
        (here / f"{'long' * 20}-{number}").touch()
    (here / ".gitignore").write_text("/kept.txt\n")
    (here / "kept.txt").write_text("precious\n")
    monkeypatch.setattr("pmrunnerd.services.git._LIMIT", 1000)
    kept = _put_away(here, began)

    assert kept is not None
    assert len(list((here / kept.aside).iterdir())) == 102
    assert (here / kept.aside / "kept.txt").read_text() == "precious\n"
    assert _files(here) == {".gitignore", "kept.txt"}
    assert git(here, "status", "--porcelain") == ""
