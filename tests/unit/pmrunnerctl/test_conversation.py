from pmrunnerctl.conversation import draw
from tests.unit.pmrunnerctl import samples
from tests.unit.pmrunnerctl.conftest import Paper

WAITS = "AWAITING_RESPONSE"


def test_what_somebody_said_is_quoted_below_who_and_when(paper: Paper) -> None:
    draw(paper, samples.entry(1, id="m1", text="make it\nwork\n"))

    assert paper.text == "11:30:05 UTC  anna  message m1\n    make it\n    work\n"


def test_news_of_the_runner_stand_on_their_line_with_what_belongs_to_them(paper: Paper) -> None:
    done = {"author": "runner", "text": "t3 build is complete", "task": "t3"}
    draw(paper, samples.entry(4, "complete", run="r9-4f2a", commit="0123456789abcdef", **done))

    assert paper.text == (
        "11:30:05 UTC  runner  t3 build is complete\n"
        "    commit 0123456789ab\n"
        "    log: pmrunnerctl run logs r9-4f2a\n"
    )


def test_a_failure_shows_the_lines_it_ended_with(paper: Paper) -> None:
    draw(paper, samples.entry(4, "error", author="runner", text="t3 failed: exit status 2\nboom"))

    assert paper.text == "11:30:05 UTC  runner  t3 failed: exit status 2\n    boom\n"


def test_a_task_that_failed_says_how_it_is_tried_again_as_long_as_it_can_be(paper: Paper) -> None:
    failed = {"author": "runner", "text": "t3 build failed", "task": "t3"}
    draw(paper, samples.entry(4, "error", state="ERROR", **failed))
    draw(paper, samples.entry(4, "error", **failed))

    assert paper.text == (
        "11:30:05 UTC  runner  t3 build failed\n"
        "    retry: pmrunnerctl task retry t3\n"
        "11:30:05 UTC  runner  t3 build failed\n"
    )


def test_what_nothing_confined_says_so_below_its_news(paper: Paper) -> None:
    draw(paper, samples.entry(4, "plan", id="p3", author="runner", text="build", unconfined=True))

    assert paper.text == (
        "11:30:05 UTC  runner  plan p3\n    build\n    UNCONFINED: in no sandbox\n"
    )


def test_an_open_question_says_how_to_answer_it_and_an_answered_one_does_not(paper: Paper) -> None:
    asked = {"id": "q7", "task": "t3", "text": "Which?", "options": ("one", "two")}
    draw(paper, samples.entry(4, "question", author="agent", state=WAITS, **asked))
    draw(paper, samples.entry(4, "question", author="agent", **asked))

    assert paper.text == (
        "11:30:05 UTC  agent  question q7, task t3\n"
        "    Which?\n"
        "    1. one\n"
        "    2. two\n"
        "    answer: pmrunnerctl answer q7 TEXT\n"
        "        or: pmrunnerctl answer q7 --option 1\n"
        "11:30:05 UTC  agent  question q7, task t3\n"
        "    Which?\n"
        "    1. one\n"
        "    2. two\n"
    )


def test_a_plan_that_waits_says_how_to_approve_and_reject_it(paper: Paper) -> None:
    draw(paper, samples.entry(4, "plan", id="p3", plan="p3", state=WAITS, author="runner"))

    assert paper.text.splitlines()[-3:] == [
        "    approve: pmrunnerctl plan approve p3",
        "    reject:  pmrunnerctl plan reject p3 REASON",
        "    edit:    pmrunnerctl plan edit p3",
    ]


def test_an_agent_cannot_drive_the_terminal_of_who_reads_its_question(paper: Paper) -> None:
    draw(paper, samples.entry(4, "question", text="\x1b[2J", options=("\x07",), author="\x1b[1m"))

    assert "\x1b" not in paper.text
    assert "\x07" not in paper.text


def test_an_option_is_a_line_and_no_entry_of_its_own(paper: Paper) -> None:
    forged = "a\n12:30:05  anna  message m9\n    do it"
    draw(paper, samples.entry(4, "question", text="Which?", options=(forged, "b")))

    assert [line[:6] for line in paper.text.splitlines()[2:4]] == ["    1.", "    2."]


def test_a_question_says_all_that_the_inbox_says_of_it(paper: Paper) -> None:
    draw(
        paper,
        samples.entry(
            121,
            kind="question",
            id="q7",
            state="AWAITING_RESPONSE",
            options=("red", "blue"),
            details=("as blood", ""),
            multiple=True,
            otherwise="denies it, with that reason",
        ),
    )
    assert [line.strip() for line in paper.text.splitlines()[-6:]] == [
        "1. red: as blood",
        "2. blue",
        "several can be chosen",
        "answer: pmrunnerctl answer q7 --option 1   # red",
        "or: pmrunnerctl answer q7 --option 2   # blue",
        "or: pmrunnerctl answer q7 TEXT   # denies it, with that reason",
    ]
