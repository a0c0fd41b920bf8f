from typing import Any

import pytest

from pmrunnerctl.asking import message
from pmrunnerctl.exits import Cannot, Exit
from pmrunnerd.model import frames
from pmrunnerd.model import protocol as p


def test_a_request_travels_whole_with_its_identifier() -> None:
    sent = message(p.ChatSend(project="demo", text="日本"), "abc")

    call = frames.to_daemon.decode(sent[frames.HEADER :])
    assert isinstance(call, frames.Call)
    assert call.request_id == "abc"
    assert frames.requests.decode(call.request) == p.ChatSend(project="demo", text="日本")


@pytest.mark.parametrize(
    ("text", "why"),
    [("x" * (frames.FRAME_LIMIT + 1), "fit into a request"), ("\udcff", "not UTF-8")],
)
def test_what_no_daemon_would_read_is_not_sent(text: str, why: str) -> None:
    with pytest.raises(Cannot, match=f"cannot send the message: .*{why}") as caught:
        message(p.ChatSend(project="demo", text=text))

    assert caught.value.exits is Exit.USAGE


@pytest.mark.parametrize(
    ("request_", "asked"),
    [
        (p.Answer(question="q1", text="\udcff"), "answer"),
        (p.PlanReject(plan="p1", reason="\udcff"), "reject plan"),
        (p.ProjectSet(project="demo", bootstrap_prompt="\udcff"), "set project"),
    ],
)
def test_what_cannot_be_sent_is_told_as_it_was_asked(request_: Any, asked: str) -> None:
    with pytest.raises(Cannot, match=f"^cannot {asked}: the text is not UTF-8"):
        message(request_)


def test_a_number_that_no_frame_has_room_for_is_not_sent() -> None:
    with pytest.raises(Cannot, match=r"^cannot edit plan: a number of it is out of range"):
        message(p.PlanEdit(plan="p1", edits=10**400, tasks=()))
