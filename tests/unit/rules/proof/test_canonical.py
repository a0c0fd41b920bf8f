import json

import msgspec
import pytest

from pmrunnerd.model.statement import PREDICATE, TYPE
from pmrunnerd.rules.proof import canonical
from pmrunnerd.rules.proof.canonical import BadStatement
from tests.unit.rules.proof.samples import run, statement

STATEMENT = statement(msgspec.json.encode(run()))
WHOLE = canonical.encode(STATEMENT)


def read_again(plain: dict[str, object]) -> bytes:
    """Return JSON as our own encoder writes it, of something that is no statement any more."""
    return canonical.encode(plain)


def test_a_statement_is_read_as_it_was_written() -> None:
    assert canonical.decode(WHOLE) == STATEMENT
    assert WHOLE.endswith(b"}\n")
    assert json.loads(WHOLE)["_type"] == TYPE


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "it is no JSON"),
        (b"\xff\xfe", "it is no JSON"),
        (b"[" * 100_000, "it is no JSON"),
        (b"0" * 101, "it is no JSON"),
        (b"[]\n", "no statement of in-toto"),
        (b'{"_type":7}\n', "no statement of in-toto"),
        (b" " * (canonical.LARGEST + 1), "it has more than 4 MiB"),
        (WHOLE[:-1], "not written in the one way"),
        (WHOLE + b"\n", "not written in the one way"),
        (WHOLE.replace(b",", b", ", 1), "not written in the one way"),
        (WHOLE.replace(b'{"_type"', b'{"_type":"x","_type"', 1), "not written in the one way"),
        (WHOLE.replace(b'"anna"', b'"\\u0061nna"', 1), "not written in the one way"),
        (WHOLE.replace(b'"signed":1100', b'"signed":1100.5'), "a number that is not whole"),
    ],
)
def test_what_is_no_statement_says_why(data: bytes, why: str) -> None:
    with pytest.raises(BadStatement, match=why):
        canonical.decode(data)


def test_a_newer_kind_is_told_from_a_strange_one() -> None:
    newer = PREDICATE.replace(":1", ":2")
    for kind, why in ((newer, "a newer pmrunnerctl may"), ("urn:x", "does not know$")):
        with pytest.raises(BadStatement, match=why):
            canonical.decode(WHOLE.replace(PREDICATE.encode(), kind.encode()))


def test_what_lacks_a_field_is_refused_and_one_that_we_do_not_know_is_passed_over() -> None:
    plain = json.loads(WHOLE)
    plain["predicate"]["later"] = "more"
    assert canonical.decode(read_again(plain)) == STATEMENT

    del plain["predicate"]["source"]
    with pytest.raises(BadStatement, match=r"it lacks something: .*source"):
        canonical.decode(read_again(plain))


def test_two_orders_of_the_same_facts_are_the_same_bytes() -> None:
    assert canonical.encode({"b": 1, "a": {"d": 1, "c": "ä"}}) == (
        '{"a":{"c":"ä","d":1},"b":1}\n'.encode()
    )
