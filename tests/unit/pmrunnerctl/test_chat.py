import json
import signal

import pytest

from pmrunnerd.model import protocol as p
from tests.fakes.daemon import FakeDaemon, Stream
from tests.unit.pmrunnerctl import samples
from tests.unit.pmrunnerctl.conftest import Ctl, program


def test_a_number_after_wait_is_not_taken_for_a_part_of_what_is_said(
    ctl: Ctl, daemon: FakeDaemon
) -> None:
    refused = ctl("chat", "send", "demo", "--wait", "5", "echo hi")

    assert (refused.status, refused.out, daemon.heard) == (2, "", [])
    assert "5 after --wait could be a time" in refused.err
    assert "hint: pmrunnerctl chat send demo --wait '5 echo hi'" in refused.err
    daemon.answers[p.ChatSend] = p.Done(id="m1")
    assert ctl("chat", "send", "demo", "5", "echo hi").status == 0


def test_words_are_one_message_and_its_identifier_is_told(ctl: Ctl, daemon: FakeDaemon) -> None:
    daemon.answers[p.ChatSend] = p.Done(id="m1")

    sent = ctl("chat", "send", "demo", "make", "it work")

    assert daemon.requests() == [p.ChatSend(project="demo", text="make it work")]
    assert (sent.status, sent.err) == (0, "")
    assert sent.out == (
        "sent message m1 to demo\n"
        "next: pmrunnerctl chat follow demo   # Ctrl-C ends only the watching\n"
    )


def test_a_message_may_begin_with_a_dash(ctl: Ctl, daemon: FakeDaemon) -> None:
    daemon.answers[p.ChatSend] = p.Done(id="m1")

    ctl("chat", "send", "demo", "--", "--force", "it")

    assert daemon.requests() == [p.ChatSend(project="demo", text="--force it")]


@pytest.mark.parametrize("words", [(), ("",)])
def test_an_empty_message_is_not_sent(ctl: Ctl, daemon: FakeDaemon, words: tuple[str, ...]) -> None:
    assert ctl("chat", "send", "demo", *words).status == 2
    assert not daemon.heard


def test_a_page_of_history_says_where_the_one_before_it_is(ctl: Ctl, daemon: FakeDaemon) -> None:
    daemon.answers[p.ChatHistory] = samples.conversation(samples.entry(8), before=8)

    page = ctl("chat", "history", "demo", "--before", "12", "--limit", "1")

    assert daemon.requests() == [p.ChatHistory(project="demo", before=12, limit=1)]
    assert "    text 8\n" in page.out
    assert page.out.endswith("next: pmrunnerctl chat history demo --before 8   # older\n")


def test_history_is_one_object_with_json(ctl: Ctl, daemon: FakeDaemon) -> None:
    daemon.answers[p.ChatHistory] = samples.conversation(samples.entry(8))

    assert json.loads(ctl("chat", "history", "demo", "--json").out)["entries"][0]["cursor"] == 8


def test_an_empty_conversation_says_what_to_type(ctl: Ctl, daemon: FakeDaemon) -> None:
    daemon.answers[p.ChatHistory] = samples.conversation()

    assert ctl("chat", "history", "demo").out == (
        "nothing was said in demo yet\nnext: pmrunnerctl chat send demo TEXT\n"
    )


def test_following_begins_with_what_was_said_and_misses_nothing_after_it(
    ctl: Ctl, daemon: FakeDaemon
) -> None:
    daemon.answers[p.ChatHistory] = samples.conversation(samples.entry(7), samples.entry(8))
    daemon.answers[p.ChatFollow] = Stream([samples.entry(9)])

    followed = ctl("chat", "follow", "demo", "--limit", "2")

    assert daemon.requests() == [
        p.ChatHistory(project="demo", limit=2),
        p.ChatFollow(project="demo", since=8),
    ]
    assert [line for line in followed.out.splitlines() if line.startswith("    ")] == [
        "    text 7",
        "    text 8",
        "    text 9",
    ]


def test_following_may_begin_with_nothing(ctl: Ctl, daemon: FakeDaemon) -> None:
    daemon.answers[p.ChatHistory] = samples.conversation(samples.entry(8))
    daemon.answers[p.ChatFollow] = Stream([samples.entry(9)])

    assert "text 8" not in ctl("chat", "follow", "demo", "--limit", "0").out
    assert daemon.requests()[-1] == p.ChatFollow(project="demo", since=8)


def test_a_follower_sees_each_entry_at_once_and_may_leave(daemon: FakeDaemon) -> None:
    daemon.answers[p.ChatHistory] = samples.conversation()
    daemon.answers[p.ChatFollow] = Stream([samples.entry(9)], None)
    with program("--socket", str(daemon.path), "chat", "follow", "demo") as following:
        assert following.stdout is not None
        assert b"anna" in following.stdout.readline()
        assert following.stdout.readline() == b"    text 9\n"
        following.send_signal(signal.SIGINT)
        _, err = following.communicate(timeout=180)

    assert (following.returncode, err) == (130, b"\nstopped watching; the work goes on\n")
