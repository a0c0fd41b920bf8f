from pmrunnerctl import doctor
from pmrunnerd.model.checkup import Check, Checkup
from tests.unit.pmrunnerctl.conftest import Paper


def test_checks_stand_one_a_line_and_hints_below_them(paper: Paper) -> None:
    checks = (
        Check(name="git", state="ok", found="2.39.5"),
        Check(name="disk", state="problem", found="0 MiB free", hint="df -h /s"),
    )
    doctor.draw(paper, Checkup(state_directory="/s", checks=checks))

    assert paper.text == (
        "state /s\n"
        "CHECK  STATE    FOUND\n"
        "git    ok       2.39.5\n"
        "disk   problem  0 MiB free\n"
        "disk: df -h /s\n"
    )
