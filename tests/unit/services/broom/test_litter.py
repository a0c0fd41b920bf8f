import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.services.parts import git, repository
from tests.unit.services.sweeping import deep, later, set_aside, swept

LOCKS: dict[str, Callable[[Path], object]] = {
    "a file": lambda lock: lock.touch(),
    "a directory": lambda lock: (lock / "deep/er").mkdir(parents=True),
    "a link": lambda lock: lock.symlink_to("nowhere"),
    "a pipe": os.mkfifo,
}


@pytest.mark.parametrize("kind", LOCKS)
@pytest.mark.parametrize("name", ["index.lock", "refs/heads/main.lock", "packed-refs.lock"])
def test_whatever_has_the_name_of_a_lock_is_no_obstacle(
    tmp_path: Path, name: str, kind: str
) -> None:
    here = repository(tmp_path / "w")
    LOCKS[kind](here / ".git" / name)
    swept(here)

    git(here, "commit", "--quiet", "--allow-empty", "-m", "goes on")
    git(here, "pack-refs", "--all")


def test_a_lock_of_before_the_run_stays_whatever_time_somebody_gave_alater_one(
    tmp_path: Path,
) -> None:
    here = repository(tmp_path / "w")
    old, own = here / ".git/config.lock", here / ".git/own.lock"
    old.touch()
    since = later(old)
    own.touch()
    os.utime(own, (0, 0))
    swept(here, since)

    assert old.exists()
    assert not own.exists()


def test_what_only_looks_like_a_lock_stays(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    module, file = here / ".git/modules/door.lock", here / "yarn.lock"
    module.mkdir(parents=True)
    file.touch()
    swept(here)

    assert module.is_dir()
    assert file.is_file()


def test_what_lies_too_deep_in_git_s_own_goes_aside(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    os.close(deep(here / ".git/refs", 3000))

    found, aside = swept(here), set_aside(here)
    find = ["find", ".git/refs", "-printf", "%p\\n"]
    paths = subprocess.check_output(find, cwd=here, text=True).split()
    subprocess.run(["rm", "-rf", str(here)], check=True)

    assert found == {"taken": [], "stuck": [], "lost": [], "removed": []}
    assert aside == {"deeper"}
    assert 3700 < max(map(len, paths)) < 3900
