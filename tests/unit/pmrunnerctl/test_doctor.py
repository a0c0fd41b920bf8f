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


def test_what_was_found_is_not_cut_where_the_terminal_is_narrow() -> None:
    narrow = Paper(columns=40)
    found = "/srv/state has mode 755: others may look into it"
    check = Check(name="state", state="warning", found=found, hint="chmod 700 /srv/state")
    doctor.draw(narrow, Checkup(state_directory="/srv/state", checks=(check,)))

    assert found in narrow.text
