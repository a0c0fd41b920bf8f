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
    with pytest.raises(Cannot, match=f"cannot do chat send: .*{why}") as caught:
        message(p.ChatSend(project="demo", text=text))

    assert caught.value.exits is Exit.USAGE
