import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pmrunnerd.services import holding
from pmrunnerd.services.holding import Elsewhere, Held
from tests.unit.services.parts import POWERLESS

CODE = Path(holding.__file__).parents[2]


def test_what_is_not_there_or_taken_cannot_be_held(tmp_path: Path) -> None:
    with pytest.raises(Held, match=f"cannot work in {tmp_path}/w: it is not there"):
        holding.hold(tmp_path / "w")
    lock = holding.hold(tmp_path)
    with pytest.raises(Held, match="another run has it"):
        holding.hold(tmp_path)
    os.close(lock)


def test_a_look_tells_a_taken_workspace_from_a_free_one(tmp_path: Path) -> None:
    assert holding.look(tmp_path) == ""
    lock = holding.hold(tmp_path)
    assert "another run has it" in holding.look(tmp_path)
    os.close(lock)
    assert holding.look(tmp_path) == ""


def test_a_workspace_that_was_replaced_is_told_in_words(tmp_path: Path) -> None:
    here = tmp_path / "w"
    here.mkdir()
    lock = holding.hold(here)
    holding.reopen(here, lock, 0.0)
    here.rename(tmp_path / "moved")
    with pytest.raises(Elsewhere, match="it is not there"):
        holding.reopen(here, lock, 0.0)
    here.symlink_to("moved")
    with pytest.raises(Elsewhere, match=f"cannot work in {here}: it is a link now: moved"):
        holding.reopen(here, lock, 0.0)
    here.unlink()
    here.mkdir()
    with pytest.raises(Elsewhere, match="another directory is there now"):
        holding.reopen(here, lock, 0.0)
    os.close(lock)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A workspace that its owner shut."""
    here = tmp_path / "w"
    (here / ".git").mkdir(parents=True)
    for path in (here / ".git", here):
        path.chmod(0)
    yield here
    here.chmod(0o700)


def _powerless(script: str, *words: object) -> str:
    argv = [*POWERLESS, sys.executable, "-c", script, *map(str, words)]
    env = {"PYTHONPATH": str(CODE), "PATH": os.environ["PATH"]}
    done = subprocess.run(argv, cwd="/", env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


_HOLD = """
import os, sys
from pathlib import Path
from pmrunnerd.services import holding
here, since = Path(sys.argv[1]), float(sys.argv[2])
lock = holding.hold(here, since)
holding.reopen(here, lock, since)
print(os.listdir(here), os.listdir(here / ".git"))
"""


def test_what_a_run_shut_is_opened_by_who_has_it(place: Path) -> None:
    assert _powerless(_HOLD, place, place.stat().st_ctime) == "['.git'] []\n"


@pytest.mark.parametrize("call", ["hold(here)", "hold(here, 1e12)", "look(here)"])
def test_what_a_person_shut_is_theirs_to_open_and_how_is_said(place: Path, call: str) -> None:
    script = f"""
import sys
from pathlib import Path
from pmrunnerd.services import holding
here = Path(sys.argv[1])
try:
    print(holding.{call})
except holding.Held as held:
    print(held)
"""
    assert _powerless(script, place) == f"cannot open {place}: nobody may; chmod u+rwx {place}\n"
    assert place.stat().st_mode & 0o777 == 0
