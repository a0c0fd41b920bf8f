import asyncio
from pathlib import Path

import pytest

from pmrunnerd.model.errors import Unavailable
from pmrunnerd.rules.promotion.probation import Unit
from pmrunnerd.services import process
from pmrunnerd.services.promotion.units import Units

# Says what it is asked, and answers what a file says.
SYSTEMCTL = """#!/bin/sh
echo "$*" >>{here}/asked
cat {here}/answer
exit $(cat {here}/status)
"""


@pytest.fixture
def here(tmp_path: Path) -> Path:
    program = tmp_path / "systemctl"
    program.write_text(SYSTEMCTL.format(here=tmp_path))
    program.chmod(0o755)
    says(tmp_path, "")
    return tmp_path


def says(here: Path, answer: str, status: int = 0) -> Units:
    (here / "answer").write_text(answer)
    (here / "status").write_text(f"{status}\n")
    return Units("prod", f"{here}:{process.PATH}")


def asked(here: Path) -> list[str]:
    return (here / "asked").read_text().splitlines()


@pytest.mark.parametrize(
    ("state", "job", "unit"),
    [
        ("active", "", Unit.UP),
        ("active", "71", Unit.COMING),
        ("activating", "", Unit.COMING),
        ("deactivating", "", Unit.COMING),
        ("inactive", "", Unit.STOPPED),
        ("failed", "", Unit.FAILED),
    ],
)
def test_how_a_unit_is_comes_to_one_of_four(here: Path, state: str, job: str, unit: Unit) -> None:
    units = says(here, f"ActiveState={state}\nInvocationID=ab\nJob={job}\n")
    look = asyncio.run(units.look())
    assert (look.unit, look.invocation) == (unit, "ab")


def test_a_restart_has_what_failed_before_forgotten_first(here: Path) -> None:
    assert asyncio.run(says(here, "").restart()) == ""
    first, second = asked(here)
    assert first.split()[1:] == [
        "reset-failed",
        "pm-runner@prod.service",
        "pm-runner@prod.socket",
        "pm-runner-read@prod.socket",
        "pm-runner-web@prod.socket",
    ]
    assert second.split()[1:] == ["restart", "pm-runner@prod.service"]


def test_why_a_restart_failed_is_said(here: Path) -> None:
    assert asyncio.run(says(here, "Job failed.\n", 1).restart()) == "Job failed."


def test_a_manager_that_cannot_be_asked_is_unavailable(here: Path) -> None:
    with pytest.raises(Unavailable, match=r"cannot look at pm-runner@prod\.service"):
        asyncio.run(says(here, "", 1).look())


@pytest.mark.parametrize(
    ("answer", "where"),
    [
        ("Listen=127.0.0.1:3502 (Stream)\nActiveState=active\n", ("127.0.0.1", 3502)),
        ("Listen=127.0.0.1:3502 (Stream)\nActiveState=failed\n", None),
        ("ActiveState=active\n", None),
        ("Listen=0.0.0.0:3502 (Stream)\nActiveState=active\n", ("127.0.0.1", 3502)),
        ("Listen=10.0.0.7:3502 (Stream)\nActiveState=active\n", None),
        ("Listen=[::1]:3502 (Stream)\nActiveState=active\n", None),
        (
            "Listen=10.0.0.7:3502 (Stream)\nListen=127.0.0.1:3504 (Stream)\nActiveState=active\n",
            ("127.0.0.1", 3504),
        ),
    ],
)
def test_the_web_door_is_where_its_socket_listens(
    here: Path, answer: str, where: tuple[str, int] | None
) -> None:
    assert asyncio.run(says(here, answer).web()) == where


def test_what_a_check_says_is_told_and_its_unit_forgotten(here: Path) -> None:
    assert asyncio.run(says(here, "").checked()) == ""
    failed = says(here, "StatusText=web: ended with status 1\n", 0)
    (here / "systemctl").write_text(
        SYSTEMCTL.format(here=here).replace("exit", 'case "$*" in *start*) exit 1;; esac; exit')
    )
    assert asyncio.run(failed.checked()) == "web: ended with status 1"
    assert asked(here)[-1].endswith("reset-failed pm-runner-health@prod.service")
