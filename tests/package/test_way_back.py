"""The way back from a release on trial, and the way there: done, done twice, cut off, and where it cannot be done."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.package.ontrial import FAILED, FOR_A_FAILURE, NEW, OLD, OnTrial, switching

# The way back


def test_it_goes_back_once_and_tells_who_comes_again(trying: OnTrial) -> None:
    trying.do("count")
    trying.do("ended", **FAILED)

    assert f"back on {OLD}" in trying.do("return", **FOR_A_FAILURE)
    assert (trying.dist, *trying.says("id", "state")) == (OLD, "p1", "returned")
    assert not list(trying.home.glob(".*"))
    assert {path.name for path in trying.place.iterdir()} == {"trial.json", "trial.lock"}
    assert trying.file.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({}, "was sent back by a person"),
        (FOR_A_FAILURE | {"MONITOR_SERVICE_RESULT": "success"}, "was sent back by a person"),
        ({"SERVICE_RESULT": "exit-code"}, "had nobody left to see it prove itself"),
    ],
)
def test_one_that_is_not_to_blame_is_sent_back_by_a_person_and_where_nobody_watches(
    trying: OnTrial, said: dict[str, str], why: str
) -> None:
    assert trying.launch("return", **said).returncode == 0

    assert (trying.dist, trying.record["why"]) == (OLD, why)


def lost(release: Path) -> None:
    for path in sorted(release.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    release.rmdir()


def cut_short(release: Path) -> None:
    (release / "lib/pmrunnerd/main.py").unlink()


def without_facts(release: Path) -> None:
    (release / "release.json").write_text("{")


def of_another_python(release: Path) -> None:
    facts = json.loads((release / "release.json").read_text()) | {"soabi": "cpython-39-x"}
    (release / "release.json").write_text(json.dumps(facts))


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (lost, "No such file"),
        (cut_short, "files of it are missing"),
        (without_facts, "JSONDecodeError"),
        (of_another_python, "it is built for cpython-39-x, and this Python is "),
    ],
)
def test_where_the_one_before_cannot_run_dist_stays_and_that_is_said(
    trying: OnTrial, harm: Any, says: str
) -> None:
    harm(trying.home / "releases" / OLD)
    trying.do("count")
    trying.do("ended", **FAILED)

    said = trying.do("count")

    assert f"cannot return from {NEW} to {OLD}: " in said
    assert says in said
    assert (trying.dist, trying.record["state"]) == (NEW, "open")
    assert trying.launch("return").returncode == 30


def test_without_room_to_write_a_try_down_it_is_not_made(trying: OnTrial) -> None:
    # What cannot be removed cannot be written anew: this fails for root, too.
    (trying.place / ".trial.json.new").mkdir()

    said = trying.do("count")

    assert "had a try that cannot be written down" in said
    assert (trying.dist, trying.record["state"]) == (OLD, "open")
    (trying.place / ".trial.json.new").rmdir()
    trying.do("count")
    assert (trying.dist, *trying.says("state", "why")) == (
        OLD,
        "returned",
        "was cut off in its promotion",
    )


def test_where_neither_a_try_nor_dist_can_be_written_prod_is_to_start(trying: OnTrial) -> None:
    (trying.place / ".trial.json.new").mkdir()
    (trying.home / ".dist.new").mkdir()

    done = trying.launch("count")

    assert done.returncode == 30  # the unit does not look at it
    assert "cannot see to the trial: " in done.stderr
    assert trying.dist == NEW


def test_a_dist_that_is_not_there_is_said_once(trying: OnTrial) -> None:
    (trying.home / "dist").unlink()

    assert "dist" in trying.launch("count").stderr
    assert trying.record["state"] == "open"


# Who comes next


@pytest.mark.parametrize("deed", ["count", "settle", "return"])
@pytest.mark.parametrize("why", ["", "lost a question"])
def test_a_return_that_was_cut_off_is_finished_by_whoever_comes(
    trying: OnTrial, deed: str, why: str
) -> None:
    with trying.held() as found:
        found.write(left=0, why=why)
        found.switch(OLD)

    trying.do(deed)

    assert (trying.dist, trying.record["state"]) == (OLD, "returned")
    assert trying.record["why"] == why or not why


@pytest.mark.parametrize("deed", ["count", "settle", "return"])
def test_what_somebody_meant_to_send_back_goes_back(trying: OnTrial, deed: str) -> None:
    with trying.held() as found:
        found.write(why="lost a question")

    trying.do(deed)

    assert (trying.dist, *trying.says("state", "why")) == (OLD, "returned", "lost a question")


@pytest.mark.parametrize("deed", ["count", "settle"])
def test_after_a_boot_nobody_watches_and_it_comes_back(trying: OnTrial, deed: str) -> None:
    with trying.held() as found:
        found.write(boot="another")

    trying.do(deed)

    assert (trying.dist, trying.record["state"]) == (OLD, "returned")
    assert "the machine was started again" in trying.record["why"]


def test_a_trial_of_this_boot_that_goes_on_is_not_settled(trying: OnTrial) -> None:
    trying.do("count")
    before = trying.all()

    assert trying.do("settle") == ""
    assert trying.all() == before


def test_two_who_come_at_once_do_it_once(trying: OnTrial) -> None:
    trying.do("count")
    trying.do("ended", **FAILED)
    said: list[str] = []
    with trying.held():
        many = [
            threading.Thread(target=lambda: said.append(trying.launch("count").stderr))
            for _ in range(4)
        ]
        for one in many:
            one.start()
        # They stand before the lock, or have not come so far.
        assert not said
        assert trying.dist == NEW
    for one in many:
        one.join()

    assert sorted(said) == [
        "",
        "",
        "",
        f"pm-runner: prod: back on {OLD}: {NEW} ended: exit-code (exited 1)\n",
    ]
    assert trying.record["state"] == "returned"


# The way there


def test_the_way_back_is_noted_before_anything_is_switched(trying: OnTrial) -> None:
    assert trying.dist == NEW
    assert (trying.home / "previous").readlink() == Path("releases", OLD)
    assert trying.says("id", "state", "candidate", "previous", "left", "why") == [
        *("p1", "open", NEW, OLD, 1, "")
    ]


def test_a_release_on_trial_or_one_that_runs_or_cannot_run_is_not_put_on_trial(
    prod: OnTrial,
) -> None:
    with prod.held() as found:
        assert switching.begin(found, "p1", OLD) == f"{OLD} runs already"
        assert "No such file" in switching.begin(found, "p1", "3-c")
    assert not prod.file.exists()
    prod.begin()
    with prod.held() as found:
        assert switching.begin(found, "p2", OLD) == f"{NEW} is on trial"
    assert prod.record["id"] == "p1"


def test_the_next_trial_knows_nothing_of_the_one_before(trying: OnTrial) -> None:
    trying.do("return")

    trying.begin("p2")

    assert trying.says("id", "state", "left", "why") == ["p2", "open", 1, ""]
    assert trying.dist == NEW


def test_only_the_trial_that_is_meant_is_confirmed_and_not_one_that_is_to_go(
    trying: OnTrial,
) -> None:
    trying.do("count")
    assert not trying.confirm("p2")
    assert trying.confirm()
    assert trying.record["state"] == "confirmed"

    (trying.home / "dist").unlink()
    (trying.home / "dist").symlink_to(f"releases/{OLD}")
    trying.begin("p2")
    trying.do("count")
    trying.do("ended", **FAILED)
    assert not trying.confirm("p2")
