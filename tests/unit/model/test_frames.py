import msgspec
import pytest

from pmrunnerd.model import frames
from pmrunnerd.model import protocol as p
from pmrunnerd.model.errors import Code


def body(frame: frames.Frame) -> bytes:
    return frames.encode(frame)[frames.HEADER :]


@pytest.mark.parametrize(
    "frame",
    [
        frames.Hello(environment="dev", release="0.1.0"),
        frames.Call(call=7, request=frames.encode_request(p.Status()), request_id="abc"),
        frames.Cancel(call=7),
    ],
    ids=lambda frame: type(frame).__name__,
)
def test_what_a_client_says_comes_out_as_it_went_in(frame: frames.Frame) -> None:
    assert frames.to_daemon.decode(body(frame)) == frame


@pytest.mark.parametrize(
    "frame",
    [
        frames.Ok(call=1, result=p.Done(id="m1")),
        frames.Item(call=1, item=p.Done(id="m1")),
        frames.Closed(call=1, reason="end", cursor=9),
        frames.Failed(call=1, code=Code.REFUSED, message="cannot: no"),
    ],
    ids=lambda frame: type(frame).__name__,
)
def test_what_a_daemon_says_comes_out_as_it_went_in(frame: frames.Frame) -> None:
    assert frames.to_client(p.Done).decode(body(frame)) == frame


def test_a_request_stays_unread_inside_its_call_until_somebody_may_ask_it() -> None:
    frame = frames.to_daemon.decode(
        body(frames.Call(call=1, request=msgspec.Raw(msgspec.msgpack.encode("no request"))))
    )
    assert isinstance(frame, frames.Call)
    with pytest.raises(msgspec.ValidationError):
        frames.requests.decode(frame.request)


def test_the_other_side_s_frames_are_not_taken() -> None:
    with pytest.raises(msgspec.ValidationError):
        frames.to_daemon.decode(body(frames.Closed(call=1, reason="end")))
