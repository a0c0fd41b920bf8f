"""A start that no unit counts is counted by the launcher, before it is the daemon."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.package.ontrial import NEW, OLD, OnTrial

# What a daemon was left: no alarm, and nobody's lock.
MAIN = """\
import fcntl, os, signal
def main():
    lock = os.open(os.environ["LOCK"], os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    print(__file__.split("/")[-4], signal.alarm(0))
"""


@pytest.fixture
def trying(tmp_path: Path) -> Iterator[OnTrial]:
    made = OnTrial(tmp_path / "root")
    made.build()
    for name in (OLD, NEW):
        release = made.home / "releases" / name
        (release / "lib/pmrunnerd/main.py").write_text(MAIN)
        facts = json.loads((release / "release.json").read_text())
        (release / "release.json").write_text(json.dumps(facts | {"bytes": len(MAIN)}))
    yield made
    made.remove()


def test_the_second_start_of_one_on_trial_is_the_release_before_it(trying: OnTrial) -> None:
    lock = str(trying.place / "trial.lock")
    assert trying.launch("alone", LOCK=lock).stdout == f"{OLD} 0\n"
    trying.begin()

    once, twice = (trying.launch("alone", LOCK=lock) for _ in range(2))

    assert (once.stdout, twice.stdout) == (f"{NEW} 0\n", f"{OLD} 0\n"), once.stderr + twice.stderr
    assert f"back on {OLD}: {NEW} was started, and did not prove itself" in twice.stderr
    assert trying.says("state") == ["returned"]
