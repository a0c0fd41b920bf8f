import json
import math
import zlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import fields, replace

from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.events import AnyEvent, RunEnded, RunStarted
from pmrunnerd.store import batch as lines
from pmrunnerd.store.batch import Batch, Unknown
from tests.unit.store.parts import AT, said

BATCH = Batch(
    seq=7, at=AT, facts=(said(1),), request="r" * 32, digest="d" * 32, reply=b"\x81\xa2id\xa2m1"
)

STARTED = RunStarted(run="r1", task="t1", project="p1", agent="claude", attempt=1, allowed=0.5)
ENDED = RunEnded(
    run="r1",
    project="p1",
    outcome=Outcome.SUCCEEDED,
    cursor=9,
    dollars=0.5,
    cpu_seconds=1.5,
)


def line_of(body: str) -> bytes:
    raw = body.encode()
    return b'["%08x",%b]\n' % (zlib.crc32(raw), raw)


def reread(line: bytes) -> Batch:
    body = lines.body(line.removesuffix(b"\n"))
    assert body is not None
    return lines.decode(body)


def test_a_commit_is_what_it_was_after_it_was_a_line() -> None:
    assert reread(lines.encode(BATCH)) == BATCH


def test_a_line_is_json_whose_second_element_is_the_commit() -> None:
    checksum, body = json.loads(lines.encode(BATCH))

    assert (len(checksum), body["seq"]) == (8, 7)
    assert body["facts"] == [
        {"fact": "message-posted", "message": "m1", "project": "p1", "text": "hello", "by": "anna"}
    ]


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_whatever_is_said_a_line_has_one_end_and_keeps_it(text: str) -> None:
    line = lines.encode(Batch(seq=1, at=AT, facts=(said(1, text=text),)))

    assert line.count(b"\n") == 1
    assert reread(line).facts == (said(1, text=text),)


def test_half_a_character_is_refused_before_it_is_a_line() -> None:
    with pytest.raises(UnicodeEncodeError):
        lines.encode(Batch(seq=1, at=AT, facts=(said(1, text="\ud800"),)))


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan])
@pytest.mark.parametrize("fact", [STARTED, ENDED], ids=["a start", "an end"])
def test_a_number_that_json_lacks_is_refused_before_it_is_a_line(
    fact: AnyEvent, number: float
) -> None:
    assert reread(lines.encode(Batch(seq=1, at=AT, facts=(fact,)))).facts == (fact,)
    for field in fields(fact):
        if isinstance(getattr(fact, field.name), float):
            wrong = Batch(seq=1, at=AT, facts=(said(1), replace(fact, **{field.name: number})))
            with pytest.raises(ValueError, match=f"cannot record run-.*: {field.name} is {number}"):
                lines.encode(wrong)


def test_no_byte_of_a_line_can_change_unnoticed() -> None:
    line = lines.encode(BATCH).removesuffix(b"\n")
    for where in range(len(line)):
        for bit in range(8):
            flipped = bytearray(line)
            flipped[where] ^= 1 << bit
            assert lines.body(bytes(flipped)) is None, f"bit {bit} of byte {where}"


def test_no_beginning_of_a_line_is_a_line() -> None:
    line = lines.encode(BATCH).removesuffix(b"\n")

    assert [end for end in range(len(line)) if lines.body(line[:end]) is not None] == []


def test_a_fact_of_a_newer_release_is_kept_beside_those_we_know() -> None:
    newer = '{"fact":"moon-landed","project":"p1","crew":[1,2]}'
    known = msgspec.json.encode(said(1)).decode()
    batch = reread(line_of(f'{{"seq":1,"at":"{AT}","facts":[{newer},{known}],"later":true}}'))

    assert batch.facts == (said(1),)
    assert batch.unknown == (Unknown(fact="moon-landed", raw=newer.encode()),)


def test_a_field_of_a_newer_release_in_a_fact_we_know_is_skipped() -> None:
    newer = (
        '{"fact":"message-posted","message":"m1","project":"p1","text":"hello","by":"anna","x":1}'
    )

    assert reread(line_of(f'{{"seq":1,"at":"{AT}","facts":[{newer}]}}')).facts == (said(1),)
