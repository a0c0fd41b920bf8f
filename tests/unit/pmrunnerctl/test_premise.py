from msgspec.structs import replace

from pmrunnerctl import premise
from pmrunnerd.model.views import ChangesView
from tests.unit.pmrunnerctl.conftest import Paper
from tests.unit.pmrunnerctl.moves import PLAN, SEAL


def test_all_of_it_is_shown_in_the_order_in_which_one_reads_it(paper: Paper) -> None:
    premise.draw(paper, PLAN)

    assert paper.text == (
        "project      runner\n"
        f"commit       {'c' * 40}\n"
        "release      1.1-b\n"
        "in place of  1.0-a\n"
        "restarts     pm-runner@prod.service\n"
        "level        1 now; it reads up to 2, and is written once the one after it is confirmed\n"
        "since bbbbbbbbbbbb: 3 commits, 1 file\n"
        "  dddddddddddd It is better\n"
        "  and 2 more\n"
        "  a.py: modified, +3 -1\n"
        "GATE  VERDICT  TESTS  BY\n"
        "lint  passed\n"
        "they ask less than release 1.0-a:\n"
        "  gate unit is gone\n"
        f"evidence, hash {SEAL}:\n"
        "  ## 5555 All of it\n"
        "  \n"
        "  I looked.\n"
        "PREREQUISITE           WHAT WAS FOUND\n"
        "gates         holds    all 2 passed\n"
        "approval      missing  nobody has approved it\n"
        f"next: pmrunnerctl promote runner --approve {SEAL}   # approval\n"
        f"next: pmrunnerctl promote runner --wait --approve {SEAL}\n"
    )


def test_what_is_not_there_is_not_drawn(paper: Paper) -> None:
    bare = replace(
        PLAN,
        release="",
        section="",
        gates=(),
        weaker=None,
        ready=False,
        checklist=(),
        changes=ChangesView(why="nobody says of which commit release 1.0-a is"),
    )
    premise.draw(paper, bare)

    assert "release      none yet\n" in paper.text
    assert "level" not in paper.text
    assert "what is new cannot be told: nobody says" in paper.text
    assert "evidence" not in paper.text


def test_a_section_cannot_drive_the_terminal(paper: Paper) -> None:
    premise.draw_section(paper, replace(PLAN, section="## a \x1b[2J\n"))

    assert "\x1b" not in paper.text
