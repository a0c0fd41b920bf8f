"""A release on trial, and the way back from it: what takes its try, what gives it back, and what does neither."""

import fcntl
import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.package.ontrial import (
    FAILED,
    FOR_A_FAILURE,
    NEW,
    OLD,
    REFUSED,
    STOPPED,
    OnTrial,
)

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


def test_who_can_only_read_the_place_holds_nobody_up(trying: OnTrial) -> None:
    held = os.open(trying.place, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        trying.do("count")
    finally:
        os.close(held)
    assert trying.says("left") == [0]


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


@pytest.mark.skipif(os.geteuid() != 0, reason="only root works for others")
def test_what_is_somebody_else_s_is_not_root_s_to_work_in(trying: OnTrial) -> None:
    os.chown(trying.place, 65534, -1)

    assert "others can write in" in trying.launch("count").stderr
    assert trying.dist == NEW


def test_where_somebody_else_switched_meanwhile_their_word_holds(trying: OnTrial) -> None:
    trying.do("count")
    (trying.home / "dist").unlink()
    (trying.home / "dist").symlink_to("releases/3-c")

    assert trying.do("ended", **FAILED) == ""
    done = trying.launch("return")
    assert done.returncode == 30
    assert "somebody switched to 3-c" in done.stderr
    assert (trying.dist, trying.record["state"]) == ("3-c", "open")

    # The next start ends a trial that nothing could end any more; else nothing could be promoted again.
    assert trying.do("count") == ""
    assert (trying.dist, trying.record["state"]) == ("3-c", "returned")
    assert trying.record["why"] == "gave way to 3-c, to which somebody switched"
    assert trying.launch("return").returncode == 10
