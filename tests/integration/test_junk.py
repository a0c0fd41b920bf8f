"""What a run made of the files by which git finds its references, put right by the broom."""

import os
from pathlib import Path

import pytest

from tests.unit.services.parts import git, head, repository
from tests.unit.services.sweeping import later, set_aside, swept

NO_HEADS = [
    *(b"junk", b"", b"\0" * 50, b"ref: x", b"ref: refs/heads/", b"ref: refs/heads/a..b"),
    *(b"ref: refs/heads/a b", b"ref: refs/heads/x.lock", b"ref: refs/heads/.x", b"a" * 39),
    *(b"ref: refs/heads/a//b", b"ref: refs/heads/a.", b"ref: refs/heads/a\nref: refs/heads/b"),
]
HEADS = [b"ref: refs/heads/\xc3\xbc/b-1\n", b"ref:\trefs/x", b"a" * 40, b"a" * 64 + b"\n"]


@pytest.mark.parametrize("content", NO_HEADS)
@pytest.mark.parametrize("name", ["HEAD", "refs/heads/main"])
def test_what_is_no_reference_goes_and_the_branch_is_where_the_run_began(
    tmp_path: Path, name: str, content: bytes
) -> None:
    here = repository(tmp_path / "w")
    (here / ".git" / name).write_bytes(content)

    assert swept(here)["lost"] == []
    assert git(here, "symbolic-ref", "HEAD") == "refs/heads/main\n"
    assert (here / ".git/refs/heads/main").exists() is (name == "HEAD")


@pytest.mark.parametrize("content", HEADS)
def test_a_head_that_can_be_one_stays_wherever_it_leads(tmp_path: Path, content: bytes) -> None:
    here = repository(tmp_path / "w")
    (here / ".git/HEAD").write_bytes(content)
    swept(here)

    assert (here / ".git/HEAD").read_bytes() == content


def test_a_link_that_leads_to_a_reference_is_a_head_and_any_other_is_none(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    for target, stays in (("refs/heads/main", True), ("nowhere", False), ("/etc/passwd", False)):
        (here / ".git/HEAD").unlink()
        (here / ".git/HEAD").symlink_to(target)
        swept(here)
        assert (here / ".git/HEAD").is_symlink() is stays
        assert head(here)


@pytest.mark.parametrize("name", ["HEAD", "packed-refs", "shallow"])
def test_what_was_no_better_before_the_run_is_not_ours_to_mend(tmp_path: Path, name: str) -> None:
    here = repository(tmp_path / "w")
    (here / ".git" / name).write_text("junk")
    since = later(here / ".git" / name)

    assert swept(here, since)["lost"] == []
    assert (here / ".git" / name).read_text() == "junk"


def test_of_packed_references_all_that_git_can_read_stays(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    git(here, "branch", "side")
    git(here, "tag", "-a", "-m", "one", "one")
    git(here, "pack-refs", "--all")
    packed = here / ".git/packed-refs"
    assert swept(here)["lost"] == [], "it is in order"
    assert packed.read_text().startswith("# pack-refs with:")

    packed.write_bytes(packed.read_bytes() + b"junk\n" + b"a" * 40 + b" refs/heads/a..b\n")
    assert swept(here)["lost"] == ["packed-refs"]
    assert set_aside(here) == {"packed-refs"}
    assert git(here, "rev-parse", "side", "one^{commit}").split() == [head(here)] * 2
    assert "#" not in packed.read_text(), "it would say that all is in order, and sorted"


@pytest.mark.parametrize("name", ["packed-refs", "shallow"])
@pytest.mark.parametrize("kind", ["junk", "a link", "a pipe", "a directory"])
def test_what_holds_no_line_that_git_can_read_goes_aside(
    tmp_path: Path, name: str, kind: str
) -> None:
    here = repository(tmp_path / "w")
    path = here / ".git" / name
    match kind:
        case "junk":
            path.write_bytes(b"junk\0\n\n")
        case "a link":
            path.symlink_to("/etc/passwd")
        case "a pipe":
            os.mkfifo(path)
        case _:
            (path / "x").mkdir(parents=True)
    swept(here)

    assert not os.path.lexists(path)
    assert set_aside(here) == {name}
    assert head(here)


def test_a_shallow_history_of_good_lines_stays_and_one_beyond_all_measure_is_not_read(
    tmp_path: Path,
) -> None:
    here = repository(tmp_path / "w")
    shallow = here / ".git/shallow"
    shallow.write_text(f"{head(here)}\n")
    assert swept(here)["lost"] == []
    assert shallow.exists()

    os.truncate(shallow, 1 << 27)
    assert swept(here)["lost"] == []


@pytest.mark.parametrize("branch", ["main", "deep/er/branch"])
def test_what_stands_above_the_branch_goes_and_what_lies_in_its_place(
    tmp_path: Path, branch: str
) -> None:
    here = repository(tmp_path / "w")
    began = head(here)
    git(here, "switch", "--quiet", "-c", branch) if branch != "main" else None
    heads = here / ".git/refs/heads"
    heads.rename(tmp_path / "heads")
    heads.write_text("junk")
    assert swept(here, branch=branch)["lost"] == ["refs/heads"]
    (heads / branch / "x").mkdir(parents=True)
    (heads / branch / "x/y").write_text(f"{began}\n")
    swept(here, branch=branch)

    git(here, "update-ref", f"refs/heads/{branch}", began)
    assert head(here) == began


def test_branches_that_were_moved_into_the_tree_come_back(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    (here / ".git/refs/heads").rename(here / "moved")
    (here / ".git/refs/heads").symlink_to("../../moved")

    assert swept(here)["lost"] == []
    assert head(here)
    assert not (here / ".git/refs/heads").is_symlink()


def test_a_note_that_somebody_was_killed_over_goes(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    (here / ".git/pm-runner-run.0123").touch()
    (here / ".git/pm-runner-run").touch()

    swept(here)

    assert [path.name for path in (here / ".git").glob("pm-runner-run*")] == ["pm-runner-run"]
