import asyncio
import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pmrunnerd.services import submodules
from pmrunnerd.services.disarm import disarm, place
from pmrunnerd.services.git import Git, GitFailed
from tests.unit.services.parts import RUN, confined, git, hands, head, needs_sandbox, repository


def _with_own(path: Path, name: str = "own") -> Path:
    """Make a workspace whose index names a repository of the run's own making."""
    here = repository(path)
    repository(here / name)
    _link(here, name)
    return here


def _link(here: Path, name: str) -> None:
    git(here, "update-index", "--add", "--cacheinfo", f"160000,{head(here)},{name}")


def _strangers(here: Path) -> list[str]:
    return asyncio.run(submodules.strangers(hands(here)))


def _aside(here: Path) -> list[Path]:
    return [path for path in here.glob(f".git/pm-runner-kept/{RUN}-*/**/.git") if path.is_dir()]


def _in_the_way(here: Path) -> Path:
    return here / ".git/pm-runner-kept"


OBSTACLES: dict[str, Callable[[Path], object]] = {
    "nothing": lambda _: None,
    "a file": lambda here: _in_the_way(here).touch(),
    "a link into the tree": lambda here: _in_the_way(here).symlink_to(".."),
    "a link to nowhere": lambda here: _in_the_way(here).symlink_to("nowhere"),
    "something else of that name": lambda here: repository(_in_the_way(here) / RUN / "own"),
}


@pytest.mark.parametrize(
    "name", ["own", "-rf", "a b/c\nd", "deep/" * 30 + "own", os.fsdecode(b"\xff")]
)
def test_what_the_index_names_is_set_aside_whatever_its_name(tmp_path: Path, name: str) -> None:
    here = _with_own(tmp_path / "w", name)
    assert _strangers(here) == [name]
    assert asyncio.run(disarm(hands(here), place(RUN)))

    assert _strangers(here) == []
    (kept,) = _aside(here)
    assert git(kept.parent, "log", "--format=%s") == "start\n"
    assert not asyncio.run(disarm(hands(here), place(RUN))), "there is nothing any more"


@pytest.mark.parametrize("what", OBSTACLES)
def test_what_lies_in_the_way_keeps_nothing_in_the_tree(tmp_path: Path, what: str) -> None:
    here = _with_own(tmp_path / "w")
    OBSTACLES[what](here)
    asyncio.run(disarm(hands(here), place(RUN)))

    assert _strangers(here) == []
    assert not (here / "own").exists()
    assert len(_aside(here)) == 1


@needs_sandbox
def test_rights_that_were_taken_keep_nothing_in_the_tree(tmp_path: Path) -> None:
    here = _with_own(tmp_path / "w", "a/own")
    _in_the_way(here).mkdir(mode=0o000)
    for path in ("a/own", "a", ".git"):
        (here / path).chmod(0o500)
    asyncio.run(disarm(Git(confined(here), RUN), place(RUN)))

    assert _strangers(here) == []
    assert len(_aside(here)) == 1


@contextlib.contextmanager
def _deep(here: Path, length: int) -> Iterator[int]:
    """Make a repository at a path of so many bytes, which the index names; yield its directory."""
    whole, rest = divmod(length, 200)
    names = [*("d" * 199 for _ in range(whole)), "d" * rest]
    with contextlib.ExitStack() as stack:
        inner = _opened(stack, here)
        for name in names:
            os.mkdir(name, dir_fd=inner)
            inner = _opened(stack, name, inner)
        os.rename(repository(here.with_name("other")) / ".git", ".git", dst_dir_fd=inner)
        _link(here, "/".join(names))
        yield inner


def _opened(stack: contextlib.ExitStack, path: Path | str, above: int | None = None) -> int:
    file = os.open(path, os.O_RDONLY, dir_fd=above)
    stack.callback(os.close, file)
    return file


def test_what_cannot_be_moved_is_no_repository_any_more_and_loses_nothing(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    with _deep(here, 4060) as inner:
        assert asyncio.run(disarm(hands(here), place(RUN)))

        (name,) = os.listdir(inner)  # noqa: PTH208 - it is a descriptor
        assert name.startswith(".git-")
        assert "HEAD" in os.listdir(f"/proc/self/fd/{inner}/{name}")  # noqa: PTH208


def test_what_cannot_even_be_renamed_is_not_named_by_any_index(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    with _deep(here, 4088) as inner:
        with pytest.raises(GitFailed):
            asyncio.run(disarm(hands(here), place(RUN)))

        assert os.listdir(inner) == [".git"]  # noqa: PTH208
    assert not (here / ".git/index").exists()


@pytest.mark.parametrize("what", ["junk", "a directory"])
def test_an_index_that_is_none_goes(tmp_path: Path, what: str) -> None:
    here = _with_own(tmp_path / "w")
    index = here / ".git/index"
    index.unlink()
    if what == "junk":
        index.write_bytes(b"junk")
    else:
        (index / "in it").mkdir(parents=True)
    asyncio.run(disarm(hands(here), place(RUN)))

    assert not index.exists()
    assert git(here, "status", "--porcelain") != ""
