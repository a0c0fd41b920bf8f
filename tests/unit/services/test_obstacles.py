import asyncio
import subprocess
import time
from pathlib import Path

import pytest

from pmrunnerd.services import obstacles
from pmrunnerd.services.git import Git, GitFailed, TooSlow
from pmrunnerd.services.obstacles import ASIDE, evacuate, place, sweep
from pmrunnerd.services.outcome import Exited, Killed, Outcome, TimedOut
from tests.unit.services.parts import (
    RUN,
    Ending,
    confined,
    eventually,
    git,
    hands,
    needs_sandbox,
    repository,
)


def _with_submodule(here: Path, library: Path) -> Path:
    allowed = ("-c", "protocol.file.allow=always")
    git(here, *allowed, "submodule", "add", "--quiet", str(repository(library)), "library")
    git(here, "commit", "--quiet", "--message=add")
    return here / "library"


def _sweep(here: Path, aside: str = "") -> list[str]:
    return asyncio.run(
        sweep(hands(here), aside or place(RUN), since=time.time() - 60, branch="main")
    )


def test_where_nothing_is_in_the_way_nothing_is_done(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")

    assert _sweep(here) == []
    assert not (here / ASIDE).exists()
    assert git(here, "status", "--porcelain") == ""


def test_a_git_that_is_gone_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "w").mkdir()
    with pytest.raises(GitFailed, match=r"its \.git is gone; put it back, or remove the project"):
        _sweep(tmp_path / "w")


@pytest.mark.parametrize(
    ("outcome", "kind", "why"),
    [
        (TimedOut(300.0), TooSlow, "it took longer than 300 s"),
        (Killed(9, b"{}", b"oops"), GitFailed, "signal 9 ended it"),
        (Exited(1, b"{", b"Traceback\n  File x\nKeyError: 'guarded'\n\n"), GitFailed, "KeyError.*"),
        (Exited(3, b"", b""), GitFailed, "exit status 3"),
    ],
)
def test_what_keeps_it_from_clearing_up_is_told_in_words(
    tmp_path: Path, outcome: Outcome, kind: type[Exception], why: str
) -> None:
    here = repository(tmp_path / "w")
    with pytest.raises(kind, match=rf"cannot clear up {here}: {why}\Z"):
        asyncio.run(sweep(Ending(here, outcome), place(RUN), since=0.0, branch="main"))


@pytest.mark.parametrize("where", [".git", ".git/modules/library"])
def test_a_lock_of_the_living_stays_and_they_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    monkeypatch.setattr(obstacles, "_LOOKS", 2)
    here = repository(tmp_path / "w")
    tree = _with_submodule(here, tmp_path / "library") if "modules" in where else here
    lock = here / where / "index.lock"
    (tree / "kept.txt").write_text("changed")
    # It holds the lock for as long as its editor is open.
    words = ("git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qa")
    with subprocess.Popen(
        words, cwd=tree, env={"PATH": "/usr/bin:/bin", "GIT_EDITOR": "sleep 60 #"}
    ) as person:
        eventually(lock.exists)
        try:
            with pytest.raises(GitFailed, match=f"git is at work there .pid {person.pid}."):
                _sweep(here)
            assert lock.exists()
        finally:
            subprocess.run(["pkill", "-P", str(person.pid)], check=False)
            person.wait()


@needs_sandbox
def test_what_is_taken_out_is_moved_and_not_copied_in_a_sandbox_too(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    inner = repository(here / "inner")
    inode = (inner / "kept.txt").stat().st_ino
    aside = place(RUN)
    taken = asyncio.run(
        sweep(Git(confined(here), RUN), aside, since=time.time() - 60, branch="main")
    )

    assert taken == ["inner"]
    assert (here / ASIDE / aside / "inner/kept.txt").stat().st_ino == inode
    assert (here / ASIDE / aside / "inner/.git.kept/HEAD.kept").exists(), "and it is none any more"


def test_all_of_a_tree_can_be_moved_aside(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    (here / "-odd\nname").mkdir()
    aside = place(RUN)
    asyncio.run(evacuate(hands(here), aside))

    assert [path.name for path in here.iterdir()] == [".git"]
    assert sorted(path.name for path in (here / ASIDE / aside).iterdir()) == [
        *("-odd\nname", ".gitignore", "kept.txt")
    ]


@needs_sandbox
def test_no_name_and_no_number_of_names_keeps_a_tree_from_going_aside(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    (here / ".gitignore").write_text("*.o\n")
    magic = [":(foo)x", ":!x", "-x", "*", "a\nb"]
    for name in magic:
        (here / name).touch()
    ignored = {f"{'long' * 40}-{number}.o" for number in range(1000)} | {":(top)x.o"}
    for name in ignored:
        (here / name).touch()
    aside = place(RUN)
    asyncio.run(evacuate(Git(confined(here), RUN), aside))

    assert {path.name for path in here.iterdir()} == ignored | {".git"}
    assert {path.name for path in (here / ASIDE / aside).iterdir()} >= set(magic)
