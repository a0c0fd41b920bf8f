import pytest

from pmrunnerctl import machinery
from pmrunnerctl.exits import Cannot


def test_what_a_program_says_that_fails_is_the_reason() -> None:
    with pytest.raises(Cannot, match="cannot do sh -c echo no >&2; exit 3: no"):
        machinery.work("sh", "-c", "echo no >&2; exit 3")
    with pytest.raises(Cannot, match="it ended with status 3"):
        machinery.work("sh", "-c", "exit 3")


def test_one_that_is_not_there_is_told_or_says_nothing() -> None:
    with pytest.raises(Cannot, match="No such file"):
        machinery.work("/nowhere/systemd-sysusers")
    assert machinery.answer("/nowhere/systemctl") == ""


def test_one_that_works_is_heard() -> None:
    machinery.work("true")
    assert machinery.answer("echo", "active") == "active"


def test_a_complaint_is_only_that_of_one_that_fails() -> None:
    assert machinery.complaint("sh", "-c", "echo no >&2; exit 3") == "no"
    assert machinery.complaint("sh", "-c", "exit 3") == "status 3"
    assert machinery.complaint("sh", "-c", "echo well >&2") == ""
    told = "cannot start /nowhere/launch: No such file or directory"
    assert machinery.complaint("/nowhere/launch") == told
