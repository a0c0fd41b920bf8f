import subprocess
from pathlib import Path

import pytest

from tests.unit.services.parts import git, head, repository
from tests.unit.services.sweeping import later, set_aside, swept


def test_a_directory_where_the_note_was_goes_aside(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    (here / ".git/pm-runner-run/x").mkdir(parents=True)
    swept(here)

    assert not (here / ".git/pm-runner-run").exists()
    assert set_aside(here) == {"pm-runner-run"}


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


LOGS = {
    "a file for all of them": "rm -r logs; echo x > logs",
    "a file for those of branches": "rm -r logs/refs/heads; echo x > logs/refs/heads",
    "a directory for that of HEAD": "rm logs/HEAD; mkdir -p logs/HEAD/x; echo x > logs/HEAD/x/y",
    "a directory for that of a branch": (
        "rm logs/refs/heads/main; mkdir -p logs/refs/heads/main/x; echo x > logs/refs/heads/main/x/y"
    ),
}


@pytest.mark.parametrize("where", ["the workspace", "a submodule"])
@pytest.mark.parametrize("what", LOGS)
def test_git_can_write_its_logs_again(tmp_path: Path, what: str, where: str) -> None:
    here = repository(tmp_path / "w")
    at = here / ".git"
    if where == "a submodule":
        at = here / ".git/modules/library"
        at.parent.mkdir()
        repository(tmp_path / "library").joinpath(".git").rename(at)
    subprocess.run(["bash", "-ec", LOGS[what]], cwd=at, check=True)
    swept(here, guarded=[str(at)] if where == "a submodule" else [])

    for words in (["update-ref", "HEAD", "HEAD"], ["commit", "--allow-empty", "--message=x"]):
        git(here, f"--git-dir={at}", *words)
    assert (at / "logs/HEAD").is_file()
