from pathlib import Path

import pytest

from pmrunnerctl import condition
from pmrunnerctl.exits import Cannot
from pmrunnerctl.where import RUN, Place
from pmrunnerd.model.checkup import Check
from pmrunnerd.model.views import Door
from tests.unit.pmrunnerctl import samples

UNIT = "pm-runner@prod"


@pytest.mark.parametrize(
    ("said", "state", "found"),
    [
        (
            {"ActiveState": "failed", "Result": "exit-code", "ExecMainStatus": "78"},
            "problem",
            "has failed: exit status 78, its configuration, its state or its release cannot be used",
        ),
        (
            {"ActiveState": "failed", "Result": "exit-code", "ExecMainStatus": "1"},
            "problem",
            "has failed: exit status 1",
        ),
        ({"ActiveState": "failed", "Result": "watchdog"}, "problem", "has failed: it hung"),
        ({"ActiveState": "failed", "Result": "newer"}, "problem", "has failed: newer"),
        (
            {"ActiveState": "activating", "SubState": "auto-restart", "Result": "timeout"},
            "problem",
            "cannot stay up: it did not become ready, or did not leave, in time",
        ),
        ({"ActiveState": "inactive", "Result": "success"}, "warning", "is stopped"),
        (
            {"ActiveState": "active", "Result": "success", "NRestarts": "3"},
            "ok",
            "is active, 3 restarts by itself",
        ),
        ({"ActiveState": "active", "NRestarts": "1"}, "ok", "is active, 1 restart by itself"),
    ],
)
def test_what_systemd_says_of_a_unit_is_said_with_why(
    said: dict[str, str], state: str, found: str
) -> None:
    check = condition.unit(UNIT, said, sudo="sudo ")
    assert (check.state, check.found) == (state, f"{UNIT} {found}")
    assert bool(check.hint) == (state != "ok")


def test_of_a_unit_that_failed_it_is_said_where_it_says_why_and_how_it_is_started_again() -> None:
    failed = {"ActiveState": "failed", "Result": "exit-code", "ExecMainStatus": "78"}
    assert condition.unit(UNIT, failed, sudo="sudo ").hint == (
        "sudo journalctl -u pm-runner@prod -n 20   # says why\n"
        "sudo systemctl start pm-runner@prod   # once that is mended"
    )


def test_a_release_that_is_damaged_is_a_problem_in_the_words_of_the_launcher() -> None:
    said = (
        "pm-runner: cannot run pm-runner of prod: the release is damaged: /x/lib is not what was"
        " built: page.py\n  hint: sudo /usr/lib/pm-runner/release-zero"
    )
    check = condition.release(said)
    assert check.state == "problem"
    assert check.found == "the release is damaged: /x/lib is not what was built: page.py"
    assert check.hint == "sudo /usr/lib/pm-runner/release-zero"
    assert condition.release("").state == "ok"
    assert condition.release("Traceback").found == "Traceback"


def test_only_a_socket_among_those_of_this_machine_is_of_an_environment_of_it(
    tmp_path: Path,
) -> None:
    assert condition.installed(Place(RUN / "dev/control.sock", "dev"), tmp_path / "none") == "dev"
    assert condition.installed(Place(tmp_path / "control.sock", "dev"), tmp_path) == ""
    assert condition.installed(None, tmp_path) == ""


def test_an_environment_that_is_not_there_is_not_looked_at(tmp_path: Path) -> None:
    (tmp_path / "prod").mkdir()
    assert condition.installed(Place(RUN / "prod/control.sock", "prod"), tmp_path) == "prod"
    with pytest.raises(Cannot, match="environment typo: there is none of that name") as refused:
        condition.installed(Place(RUN / "typo/control.sock", "typo"), tmp_path)
    assert refused.value.hint == "pmrunnerctl env list"


def test_a_door_that_the_daemon_cannot_open_is_a_problem_for_who_may_not_see_why() -> None:
    shut = Door(name="web", address="", problem="port 3502 is in use by pid 9")
    seen = Check(name="web port", state="ok", found="3502 is in use by a process of user root")
    said = condition.of_systemd(seen, "prod", samples.overview(doors=(shut,)))
    assert (said.state, said.found) == ("problem", shut.problem)
    assert said.hint == "sudo systemctl restart pm-runner@prod   # once the port is free"
    assert condition.of_systemd(seen, "prod", samples.overview()) == seen


def test_what_systemd_has_is_started_by_it_and_not_by_a_client() -> None:
    none = Check(name="control socket", state="warning", found="nobody", hint="pmrunnerctl start")
    said = condition.of_systemd(none, "prod", None)
    assert said.hint == "sudo systemctl start pm-runner@prod"
