"""A release on trial, and the way back from it: what takes its try, what gives it back, and what does neither."""

import ast
import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.house.tree import ROOT
from tests.package.ontrial import (
    FAILED,
    FOR_A_FAILURE,
    NEW,
    OLD,
    REFUSED,
    STOPPED,
    OnTrial,
    switching,
)

MOST = 150


@pytest.fixture
def prod(tmp_path: Path) -> OnTrial:
    """An environment in which nothing was ever on trial."""
    prod = OnTrial(tmp_path)
    prod.build()
    return prod


@pytest.fixture
def trying(prod: OnTrial) -> OnTrial:
    """One in which the newer release is, and has not been started yet."""
    prod.begin()
    return prod


# What takes the try, and gives it back


def test_a_release_that_ended_badly_is_not_started_a_second_time(trying: OnTrial) -> None:
    first = trying.launch("count")
    assert (first.returncode, first.stderr) == (0, "")
    assert (trying.dist, *trying.says("state", "left")) == (NEW, "open", 0)

    assert trying.launch("ended", **FAILED).returncode == 0
    said = trying.launch("count").stderr

    assert said == f"pm-runner: prod: back on {OLD}: {NEW} ended: exit-code (exited 1)\n"
    assert trying.dist == OLD
    assert trying.says("state", "why") == ["returned", "ended: exit-code (exited 1)"]
    assert (trying.home / "previous").readlink().name == OLD


@pytest.mark.parametrize(
    ("result", "code", "status"),
    [
        ("exit-code", "exited", "1"),
        ("exit-code", "exited", "78"),
        ("exit-code", "exited", "76"),
        ("signal", "killed", "KILL"),
        ("core-dump", "dumped", "SEGV"),
        ("watchdog", "dumped", "ABRT"),
        ("timeout", "killed", "TERM"),
        ("oom-kill", "killed", "KILL"),
        ("protocol", "exited", "0"),
        ("", "", ""),
        ("exit-code", "killed", "75"),
    ],
)
def test_an_end_that_is_its_own_fault_gives_nothing_back(
    trying: OnTrial, result: str, code: str, status: str
) -> None:
    trying.do("count")
    trying.do("ended", SERVICE_RESULT=result, EXIT_CODE=code, EXIT_STATUS=status)

    assert trying.says("state", "left") == ["open", 0]
    assert trying.record["why"].startswith(f"ended: {result} ({code}")
    trying.do("count")
    assert trying.dist == OLD


@pytest.mark.parametrize(
    "said",
    [
        STOPPED,
        {"SERVICE_RESULT": "success", "EXIT_CODE": "killed", "EXIT_STATUS": "TERM"},
        {"SERVICE_RESULT": "exit-code", "EXIT_CODE": "exited", "EXIT_STATUS": "75"},
    ],
)
def test_an_operator_s_restarts_and_its_own_take_no_try(
    trying: OnTrial, said: dict[str, str]
) -> None:
    for _ in range(3):
        assert trying.do("count") == ""
        assert trying.record["left"] == 0
        assert trying.do("ended", **said) == ""
        assert (trying.dist, *trying.says("state", "left", "why")) == (NEW, "open", 1, "")


def test_a_configuration_that_somebody_spoilt_is_no_fault_of_the_release(trying: OnTrial) -> None:
    trying.configuration.write_text("[runs]\nslot = 2\n")
    trying.do("count")
    said = trying.do("ended", **REFUSED)

    assert "somebody changed the configuration" in said
    assert trying.says("state", "left", "why") == ["open", 1, ""]
    done = trying.launch("return", **FOR_A_FAILURE)
    assert (done.returncode, trying.dist) == (10, NEW)
    assert f"{NEW} is not to blame" in done.stderr

    trying.configuration.unlink()
    trying.do("count")
    trying.do("ended", **REFUSED)
    assert trying.record["left"] == 1, "one that is gone is another one, too"
    trying.do("count")
    trying.do("ended", **FAILED)
    assert trying.record["left"] == 0, "with 78 alone"


def test_what_ends_before_its_first_start_is_the_release_before_it(trying: OnTrial) -> None:
    trying.do("ended", **FAILED)

    assert trying.says("state", "left", "why") == ["open", 1, ""]


def test_a_daemon_whose_end_nobody_could_tell_comes_back_all_the_same(trying: OnTrial) -> None:
    trying.do("count")
    trying.do("count")

    assert trying.dist == OLD
    assert trying.record["why"] == "was started, and did not prove itself"


# What does nothing


@pytest.mark.parametrize("deed", ["count", "ended", "settle"])
def test_without_a_trial_nothing_is_looked_for_and_nothing_said(prod: OnTrial, deed: str) -> None:
    before = prod.all()

    assert prod.do(deed, **FAILED) == ""
    assert prod.all() == before


@pytest.mark.parametrize("how", ["confirmed", "returned"])
def test_a_trial_that_is_over_is_over(trying: OnTrial, how: str) -> None:
    trying.do("count")
    if how == "confirmed":
        assert trying.confirm()
    else:
        trying.do("return")
    before = trying.all()

    for deed in ("count", "ended", "settle"):
        assert trying.do(deed, **FAILED) == ""
    for said in ({}, FOR_A_FAILURE):
        done = trying.launch("return", **said)
        assert (done.returncode, done.stderr) == (
            10,
            f"pm-runner: prod: nothing is on trial, and {trying.dist} stays\n",
        )
    assert trying.all() == before
    assert trying.record["state"] == how
    assert not trying.confirm()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "3",
        '"open"',
        "[" * 100_000,
        '{"state": "open"}',
        *(
            {"candidate": "../../x"},
            {"previous": 3},
            {"left": "1"},
            {"left": True},
            {"format": 2},
            {"why": None},
        ),
    ],
)
def test_a_record_that_is_damaged_switches_nothing_and_keeps_nobody_from_starting(
    trying: OnTrial, text: str | dict[str, Any]
) -> None:
    text = text if isinstance(text, str) else json.dumps(trying.record | text)
    trying.file.write_text(text)
    before = trying.all()

    for deed in ("count", "ended", "settle"):
        assert "the trial cannot be read, so nothing is on trial" in trying.do(deed, **FAILED)
    assert trying.all() == before


def test_bytes_that_are_no_text_are_damage_too(trying: OnTrial) -> None:
    trying.file.write_bytes(b"\xff\xfe{}")

    assert "nothing is on trial" in trying.do("count")
    assert trying.dist == NEW


@pytest.mark.parametrize("place", ["home", "place"])
@pytest.mark.parametrize("how", ["link", "everybody", "gone"])
def test_a_directory_in_which_others_can_write_is_not_worked_in(
    trying: OnTrial, tmp_path: Path, place: str, how: str
) -> None:
    directory: Path = getattr(trying, place)
    if how == "everybody":
        directory.chmod(0o777)
    else:
        moved = directory.rename(tmp_path / "moved")
        if how == "link":
            directory.symlink_to(moved)
    before = trying.all()

    done = trying.launch("count")
    assert done.returncode == 30  # the unit does not look at it
    assert done.stderr.startswith("pm-runner: prod: cannot see to the trial: ")
    assert trying.all() == before


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_what_is_somebody_else_s_is_not_root_s_to_work_in(trying: OnTrial) -> None:
    os.chown(trying.place, 65534, -1)

    assert "others can write in" in trying.launch("count").stderr
    assert trying.dist == NEW


# The way back


def test_it_goes_back_once_and_tells_who_comes_again(trying: OnTrial) -> None:
    trying.do("count")
    trying.do("ended", **FAILED)

    assert f"back on {OLD}" in trying.do("return", **FOR_A_FAILURE)
    assert (trying.dist, *trying.says("id", "state")) == (OLD, "p1", "returned")
    assert not list(trying.home.glob(".*"))
    assert [path.name for path in trying.place.iterdir()] == ["trial.json"]
    assert trying.file.stat().st_mode & 0o777 == 0o644


def test_a_person_sends_back_one_that_is_not_to_blame(trying: OnTrial) -> None:
    assert trying.launch("return").returncode == 0

    assert (trying.dist, trying.record["why"]) == (OLD, "was sent back by a person")


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


def test_where_somebody_else_switched_meanwhile_their_word_holds(trying: OnTrial) -> None:
    trying.do("count")
    (trying.home / "dist").unlink()
    (trying.home / "dist").symlink_to("releases/3-c")

    for deed in ("count", "ended", "settle"):
        assert trying.do(deed, **FAILED) == ""
    done = trying.launch("return")
    assert done.returncode == 30
    assert "somebody switched to 3-c" in done.stderr
    assert (trying.dist, trying.record["state"]) == ("3-c", "open")


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


# What root runs


def lines_of(name: str) -> int:
    """Return how many lines do something: blank ones, comments and docstrings do not."""
    text = (ROOT / "packaging" / name).read_text()
    said = {
        line
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node)
        for line in range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1)
    }
    lines = enumerate(text.splitlines(), 1)
    return sum(
        1
        for number, line in lines
        if line.strip(" #") and line.lstrip()[0] != "#" and number not in said
    )


def test_what_root_runs_at_each_start_is_short_and_imports_nothing_but_python_s() -> None:
    assert lines_of("launch") + lines_of("trial.py") <= MOST
    imported = {
        name.partition(".")[0]
        for node in ast.walk(ast.parse((ROOT / "packaging/trial.py").read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [one.name for one in node.names]
        )
    }
    assert imported <= sys.stdlib_module_names
