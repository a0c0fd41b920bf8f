import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pmrunnerd.services.git import Git
from pmrunnerd.services.obstacles import clear, remove
from tests.unit.services.parts import RUN, confined, git, hands, needs_sandbox, repository


def _clear(here: Path) -> None:
    asyncio.run(clear(hands(here), time.time() - 60))


LOCKS: dict[str, Callable[[Path], object]] = {
    "a file": lambda lock: lock.touch(),
    "a directory": lambda lock: (lock / "deep/er").mkdir(parents=True),
    "a link": lambda lock: lock.symlink_to("nowhere"),
}


@pytest.mark.parametrize("kind", LOCKS)
@pytest.mark.parametrize("name", ["index.lock", "refs/heads/main.lock", "packed-refs.lock"])
def test_whatever_has_the_name_of_a_lock_is_no_obstacle(
    tmp_path: Path, name: str, kind: str
) -> None:
    here = repository(tmp_path / "w")
    LOCKS[kind](here / ".git" / name)
    _clear(here)

    git(here, "commit", "--quiet", "--allow-empty", "-m", "goes on")
    git(here, "pack-refs", "--all")


def test_what_only_looks_like_a_lock_stays(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    module, file = here / ".git/modules/door.lock", here / "yarn.lock"
    module.mkdir(parents=True)
    file.touch()
    _clear(here)

    assert module.is_dir()
    assert file.is_file()


@needs_sandbox
def test_rights_that_the_run_took_from_us_come_back_and_no_others(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    old = here / "ignored"
    old.mkdir()
    old.chmod(0o500)
    since = old.stat().st_ctime + 0.001
    while time.time() < since + 0.01:
        pass
    locked, secret = here / "locked/deep", here / "secret"
    locked.mkdir(parents=True)
    secret.touch(mode=0o000)
    locked.chmod(0o500)
    locked.parent.chmod(0o000)
    asyncio.run(clear(Git(confined(here), RUN), since))

    assert [path.stat().st_mode & 0o777 for path in (locked.parent, locked, secret, old)] == [
        *(0o700, 0o700, 0o400, 0o500)
    ]


@needs_sandbox
def test_what_has_no_rights_goes_and_a_link_takes_nothing_along(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    deep, link = here / "-x/deep", here / "li\nnk"
    deep.mkdir(parents=True)
    deep.chmod(0o000)
    deep.parent.chmod(0o000)
    link.symlink_to("ignored")
    (here / "ignored").mkdir()
    asyncio.run(remove(Git(confined(here), RUN), "-x", "li\nnk", "not there"))

    assert sorted(path.name for path in here.iterdir()) == [
        ".git",
        ".gitignore",
        "ignored",
        "kept.txt",
    ]
