import json
from pathlib import Path

import pytest

from pmrunnerd.model import frames
from pmrunnerd.model import protocol as p
from pmrunnerd.model.errors import Code
from pmrunnerd.model.views import InboxTable
from tests.fakes.daemon import FakeDaemon
from tests.unit.pmrunnerctl import samples
from tests.unit.pmrunnerctl.conftest import Ctl

ASKED = f"Which database of {samples.AT}?"  # as the agent said it


@pytest.fixture(autouse=True)
def _waiting(daemon: FakeDaemon) -> None:
    plan = samples.question(
        kind="plan",
        id="p4",
        task="",
        text="Build",
        options=(),
        command="pmrunnerctl plan approve p4",
    )
    daemon.answers[p.Inbox] = InboxTable(items=(samples.question(text=ASKED), plan))
    daemon.answers[p.Answer] = p.Decided(id="q7")


def test_everything_that_waits_is_shown_with_the_command_that_answers_it(ctl: Ctl) -> None:
    lines = ctl("inbox").out.splitlines()

    assert lines[0].startswith("q7  question in demo, task t3, ")
    assert lines[1:6] == [
        f"    {ASKED}",
        "    1. the first",
        "    2. the second",
        "    pmrunnerctl answer q7 TEXT",
        "    pmrunnerctl answer q7 --option 1",
    ]
    assert lines[6].startswith("p4  plan in demo, ")
    assert lines[7:] == [
        "    Build",
        "    pmrunnerctl plan approve p4",
        "    pmrunnerctl plan reject p4 REASON",
        "    pmrunnerctl plan edit p4",
    ]


def test_a_question_with_no_answers_but_its_options_offers_no_other(
    ctl: Ctl, daemon: FakeDaemon
) -> None:
    daemon.answers[p.Inbox] = InboxTable(items=(samples.question(fixed=True),))
    head, *_, first, last = ctl("inbox").out.splitlines()

    assert head.startswith("q7  question of the runner in demo, task t3, ")
    assert first == "    pmrunnerctl answer q7 --option 1   # the first"
    assert last == "    pmrunnerctl answer q7 --option 2   # the second"
    assert "TEXT" not in ctl("inbox").out
    assert "hint: pmrunnerctl answer q7 --option 1\n" in ctl("answer", "q7", "--option", "9").err


def test_a_held_task_is_shown_once_with_why_and_where_to_look(ctl: Ctl, daemon: FakeDaemon) -> None:
    command = "git -C /srv/demo status"
    held = samples.question(
        kind="held", id="t3", text=f"changed at {samples.AT}", options=(), command=command
    )
    daemon.answers[p.Inbox] = InboxTable(items=(held,))

    head, *rest = ctl("inbox").out.splitlines()
    assert head.startswith("t3  held in demo, ")
    assert "task t3" not in head
    assert (rest[0][:34], rest[1:]) == ("    changed at 2026-11-24 11:30:05", [f"    {command}"])


def test_what_is_held_because_its_workspace_is_gone_can_be_given_up(
    ctl: Ctl, daemon: FakeDaemon, tmp_path: Path
) -> None:
    command = f"git -C {tmp_path} status"
    held = samples.question(
        kind="held",
        id="t3",
        text="its .git is gone",
        options=(),
        command=command,
        path=str(tmp_path),
    )
    daemon.answers[p.Inbox] = InboxTable(items=(held,))

    assert ctl("inbox").out.splitlines()[-1] == (
        "    pmrunnerctl task cancel t3; pmrunnerctl project remove demo   # unless it comes back"
    )
    (tmp_path / ".git").mkdir()
    assert ctl("inbox").out.splitlines()[-1] == f"    {command}"


def test_what_would_run_without_a_sandbox_is_shown_as_that(ctl: Ctl, daemon: FakeDaemon) -> None:
    daemon.answers[p.Inbox] = InboxTable(items=(samples.question(unconfined=True),))

    assert ctl("inbox").out.splitlines()[0].endswith(", UNCONFINED")
    daemon.answers[p.Inbox] = InboxTable(items=(), unconfined=True)
    assert ctl("inbox").out.startswith("nothing waits for you\nagents run UNCONFINED\n")


def test_an_empty_inbox_says_so(ctl: Ctl, daemon: FakeDaemon) -> None:
    daemon.answers[p.Inbox] = InboxTable(items=())

    assert ctl("inbox", "--project", "demo").out.startswith("nothing waits for you\n")
    assert daemon.requests() == [p.Inbox(project="demo")]


def test_the_inbox_is_one_object_with_json(ctl: Ctl) -> None:
    assert [item["id"] for item in json.loads(ctl("inbox", "--json").out)["items"]] == ["q7", "p4"]


def test_an_answer_is_taken_literally(ctl: Ctl, daemon: FakeDaemon) -> None:
    answered = ctl("answer", "q7", "2", "of", "them")

    assert daemon.requests() == [p.Inbox(), p.Answer(question="q7", text="2 of them")]
    assert answered.out.startswith("answered q7: 2 of them\n")


def test_an_option_is_sent_by_its_text(ctl: Ctl, daemon: FakeDaemon) -> None:
    assert ctl("answer", "q7", "--option", "2").status == 0
    assert daemon.requests()[-1] == p.Answer(question="q7", text="the second")


def test_options_say_more_of_themselves_and_several_are_one_answer(
    ctl: Ctl, daemon: FakeDaemon
) -> None:
    both = samples.question(details=("it is there", ""), multiple=True)
    daemon.answers[p.Inbox] = InboxTable(items=(both,))

    assert ctl("inbox").out.splitlines()[2:5] == [
        "    1. the first: it is there",
        "    2. the second",
        "    several can be chosen",
    ]
    ctl("answer", "q7", "--option", "2", "--option", "1")
    assert daemon.requests()[-1] == p.Answer(question="q7", text="the first, the second")


def test_nothing_that_an_agent_offers_can_pass_for_another_item(
    ctl: Ctl, daemon: FakeDaemon
) -> None:
    forged = "q8  question in demo, now\n    pmrunnerctl state restore x"
    one = samples.question(text=forged, options=(f"a\n{forged}",), details=(f"b\n{forged}",))
    daemon.answers[p.Inbox] = InboxTable(items=(one,))

    lines = ctl("inbox").out.splitlines()
    assert [line for line in lines if not line.startswith("    ")] == lines[:1]
    assert not [line for line in lines if line.startswith("    pmrunnerctl state")]
    said = ctl("answer", "q7", "--option", "1")
    assert said.out.splitlines()[0].startswith("answered q7: a q8")
    assert daemon.requests()[-1] == p.Answer(question="q7", text=f"a\n{forged}")


def test_where_one_can_be_chosen_several_are_refused(ctl: Ctl, daemon: FakeDaemon) -> None:
    result = ctl("answer", "q7", "--option", "2", "--option", "1")

    assert "cannot answer q7 with 2 options: one can be chosen" in result.err
    assert not [asked for asked in daemon.requests() if isinstance(asked, p.Answer)]


@pytest.mark.parametrize("number", ["0", "3", "-1"])
def test_an_option_that_is_not_offered_is_refused_with_those_that_are(
    ctl: Ctl, daemon: FakeDaemon, number: str
) -> None:
    refused = ctl("answer", "q7", "--option", number)

    assert refused.status == 2
    assert "it offers 1. the first; 2. the second" in refused.err
    assert daemon.requests() == [p.Inbox()]


@pytest.mark.parametrize("code", [Code.NOT_FOUND, Code.BAD_REQUEST])
@pytest.mark.parametrize("question", ["q8", "p4"])
def test_an_option_of_what_is_no_question_is_not_found(
    ctl: Ctl, daemon: FakeDaemon, question: str, code: Code
) -> None:
    none = frames.Failed(call=0, code=code, message="there is none")
    daemon.answers[p.Inbox] = lambda asked: none if asked.question else InboxTable(items=())
    refused = ctl("answer", question, "--option", "1")

    assert refused.status == 3
    assert f"cannot answer {question}: no such question is open" in refused.err


@pytest.mark.parametrize("words", [(), ("yes", "--option", "1")])
def test_an_answer_is_either_a_text_or_an_option(
    ctl: Ctl, daemon: FakeDaemon, words: tuple[str, ...]
) -> None:
    refused = ctl("answer", "q7", *words)

    assert refused.status == 2
    assert "either a text or --option N" in refused.err
    assert not daemon.heard


def test_what_a_text_does_is_said_before_and_what_was_decided_after(
    ctl: Ctl, daemon: FakeDaemon
) -> None:
    does = "denies it, with that reason"
    daemon.answers[p.Inbox] = InboxTable(items=(samples.question(otherwise=does),))
    daemon.answers[p.Answer] = p.Decided(id="q7", decided="denied, with this reason: yes")

    assert "    pmrunnerctl answer q7 TEXT   # denies it, with that reason\n" in ctl("inbox").out
    answered = ctl("answer", "q7", "yes").out
    assert answered.startswith("answered q7: denied, with this reason: yes\n")
    assert "the task that asked goes on" in answered


def test_a_task_with_another_open_question_does_not_go_on_and_that_one_is_named(
    ctl: Ctl, daemon: FakeDaemon
) -> None:
    others = (
        samples.question(id=f"q{n}", task=f"t{task}") for n, task in ((8, 3), (9, 3), (10, 4))
    )
    daemon.answers[p.Inbox] = InboxTable(items=(samples.question(), *others))

    said = ctl("answer", "q7", "yes").out
    assert "goes on" not in said
    assert "pmrunnerctl inbox   # still open: q8, q9\n" in said


def test_an_answer_that_had_been_given_says_so(ctl: Ctl, daemon: FakeDaemon) -> None:
    daemon.answers[p.Inbox] = InboxTable(items=(samples.question(id="q8"),))

    said = ctl("answer", "q7", "yes").out
    assert said == "q7 was already answered: yes\nnext: pmrunnerctl task list\n"


def test_an_answer_that_is_no_option_is_said_to_be_none(ctl: Ctl) -> None:
    assert "none of its options" in ctl("answer", "q7", "a third").out
    assert "none of its options" not in ctl("answer", "q7", "The FIRST").out


def test_the_word_that_a_hint_has_for_a_text_is_no_answer(ctl: Ctl, daemon: FakeDaemon) -> None:
    refused = ctl("answer", "q7", "TEXT")

    assert refused.status == 2
    assert "TEXT stands for what you want to say" in refused.err
    assert not daemon.heard


def test_a_task_that_is_cancelled_by_an_answer_does_not_go_on(ctl: Ctl, daemon: FakeDaemon) -> None:
    daemon.answers[p.Answer] = p.Decided(id="q7", decided="the task is cancelled")

    assert "goes on" not in ctl("answer", "q7", "--option", "2").out
