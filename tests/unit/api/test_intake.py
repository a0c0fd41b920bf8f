import contextlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmrunnerd.api import intake
from pmrunnerd.model import frames as f
from pmrunnerd.model import protocol as p
from pmrunnerd.model.errors import BadRequest, TooLarge


def framed(body: bytes) -> bytes:
    return len(body).to_bytes(f.HEADER, "big") + body


@given(st.lists(st.binary(max_size=200), max_size=8), st.lists(st.integers(0, 50)))
def test_however_the_bytes_are_cut_the_frames_are_the_same(
    bodies: list[bytes], cuts: list[int]
) -> None:
    whole, found = b"".join(map(framed, bodies)), []
    taken = intake.Intake()
    for cut in [*cuts, len(whole)]:
        taken.add(whole[:cut])
        whole = whole[cut:]
        while (body := taken.next()) is not None:
            found.append(body)
    taken.add(whole)
    while (body := taken.next()) is not None:
        found.append(body)
    assert found == bodies
    assert not taken


def test_a_frame_is_too_large_as_soon_as_its_length_is_known() -> None:
    taken = intake.Intake()
    taken.add((intake.HELLO_LIMIT + 1).to_bytes(4, "big"))
    with pytest.raises(TooLarge, match=r"4097 bytes: the limit is 4096"):
        taken.next()


def test_part_of_a_frame_counts_as_begun() -> None:
    taken = intake.Intake()
    assert not taken
    taken.add(b"\0")
    assert taken
    assert taken.next() is None
    taken.clear()
    assert not taken


@given(st.binary(max_size=100))
def test_any_bytes_are_a_frame_or_a_bad_request(body: bytes) -> None:
    with contextlib.suppress(BadRequest):
        assert isinstance(intake.frame(body), f.Frame)


@pytest.mark.parametrize("deep", [b"\x91" * 100_000 + b"\xc0", b"\x81\xa1a" * 50_000 + b"\xc0"])
def test_things_inside_things_are_a_bad_request(deep: bytes) -> None:
    call = msgspec.msgpack.encode({"frame": "call", "call": 1, "request": 1})
    with pytest.raises(BadRequest):
        intake.frame(call.replace(b"\xa7request\x01", b"\xa7request" + deep))


def test_text_that_is_no_text_is_a_bad_request() -> None:
    good = bytes(f.encode_request(p.ProjectShow(project="x")))
    raw = msgspec.Raw(good.replace(b"\xa1x", b"\xa1\xff"))
    with pytest.raises(BadRequest, match="cannot do project show: 'utf-8' codec"):
        intake.request(raw, "0.1.0")


def test_a_command_of_a_newer_client_names_the_release_that_lacks_it() -> None:
    raw = msgspec.Raw(msgspec.msgpack.encode({"command": "moonwalk", "what": 1}))
    with pytest.raises(
        BadRequest, match=r"cannot do 'moonwalk': pmrunnerd 0.1.0 has no such"
    ) as found:
        intake.request(raw, "0.1.0")
    assert found.value.hint == "pmrunnerctl version"
