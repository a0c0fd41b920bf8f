import os
import subprocess
import time
from pathlib import Path

from tests.unit.services.parts import repository
from tests.unit.services.sweeping import ASIDE, broomed, deep, swept


def test_a_tree_deeper_than_any_path_is_looked_through(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    at = deep(here, 3000)
    os.mkdir(".git", dir_fd=at)
    os.close(os.open(".git/config", os.O_CREAT | os.O_WRONLY, dir_fd=at))
    os.close(at)

    since = time.time() + 1
    assert swept(here, since)["taken"] == [], "it is a person's"
    (taken,) = swept(here)["taken"]
    assert 3800 < len(taken) < 4056
    kept = here / ".git/pm-runner-kept" / ASIDE
    find = ["find", ".", "-name", ".git*", "-printf", "%f"]
    assert subprocess.check_output(find, cwd=kept, text=True) == ".git.kept"
    subprocess.run(["rm", "-rf", str(here)], check=True)


def test_a_deep_tree_takes_no_memory_to_speak_of(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    os.close(deep(here, 8000))
    # Each path in full would be more than 200 MB.
    limited = ("sh", "-ec", 'ulimit -v 131072; exec "$@"', "sh")
    done = broomed(here, *limited, since=time.time() + 1, branch="main", remove=[])
    subprocess.run(["rm", "-rf", str(here)], check=True)

    assert done.returncode == 0, done.stderr.decode()[-300:]
