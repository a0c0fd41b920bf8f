import hashlib
from typing import Any

import msgspec
import pytest
from msgspec import structs

from pmrunnerd.model.gates import Gate, GateSet, Verdict
from pmrunnerd.model.statement import Approval
from pmrunnerd.rules.proof import canonical, chain
from pmrunnerd.rules.proof.claims import claims
from pmrunnerd.rules.proof.found import Found, Signed
from tests.unit.rules.proof.samples import (
    EVIDENCE,
    found,
    papers,
    release,
    result,
    run,
    statement,
    wrong,
)

RECORD = msgspec.json.encode(run())


def why(link: str, what: Found | None = None) -> str:
    return next(one.why for one in chain.links(what or found()) if one.name == link)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"source": "6" * 64}, "it is of source 66666666666666666666, and this is 5555"),
        ({"lock": "0" * 64}, "it is of lock"),
        ({"soabi": "cpython-312"}, "it is of Python cpython-312"),
        ({"level": 2}, "it is of level 2, and this is 1"),
        ({"environment": "dev"}, "it is of environment dev, and this is prod"),
    ],
)
def test_a_statement_of_something_else_is_told(changed: dict[str, Any], said: str) -> None:
    assert wrong(found(papers(**changed)))["statement"].startswith(said)


def test_a_statement_of_another_release_or_of_two_is_none_of_this_one() -> None:
    other = statement(RECORD, release(version="0.2.0", tree="7" * 64))
    two = structs.replace(other, subject=other.subject * 2)

    for one, said in ((other, "it is of release 0.2.0-"), (two, "it is of 2 subjects")):
        given = structs.replace(papers(), statement=canonical.encode(one))
        assert wrong(found(given))["statement"].startswith(said)


def test_that_agents_may_run_unconfined_is_said_where_it_holds() -> None:
    assert "UNCONFINED" in why("statement", found(papers(unconfined=True)))


def test_a_signature_that_does_not_hold_is_told_in_its_own_words() -> None:
    said = Signed(why="SHA256:abc is revoked")

    assert wrong(found(signed=said)) == {"signature": "SHA256:abc is revoked"}
    assert wrong(found(signed=None)) == {"signature": "what was signed cannot be read"}


def test_a_signature_of_nothing_is_no_release_of_the_package() -> None:
    given = structs.replace(papers(), statement=None)

    assert wrong(found(given))["signature"] == "there is a signature, and not what was signed"


@pytest.mark.parametrize(
    ("gate_run", "said"),
    [
        (run(source="6" * 64), "gate run g1 was of source 666666666666, not 555555555555"),
        (run(build=""), "gate run g1 was given no tree, not"),
        (run(build="8" * 64), "gate run g1 was given tree 888888888888, not"),
        (run(ended=None), "gate run g1 is not over"),
        (run(result(verdict=Verdict.FAILED)), "unit: failed"),
        (run(result(tests=None)), "unit passed without a test"),
        (run(result("other")), "unit has no result; other is no gate of it"),
        (run(result(), result()), "unit has 2 results"),
        (run(gates=GateSet(gates=(), source="x")), "no gate is declared; unit is no gate of it"),
    ],
)
def test_gates_that_did_not_pass_for_this_very_content_are_told(gate_run: Any, said: str) -> None:
    assert wrong(found(papers(gate_run)))["gates"].startswith(said)


def test_a_record_that_is_another_one_or_is_claimed_to_say_more_is_told() -> None:
    other = structs.replace(papers(), gates=msgspec.json.encode(run(id="g2")))
    claim = structs.replace(claims(RECORD), results=())

    assert "is not the one that was signed" in wrong(found(other))["gates"]
    assert "what their record does not say" in wrong(found(papers(gates=claim)))["gates"]


@pytest.mark.parametrize("paper", [None, b"[FAIL] unit\nNOT ALL PASS\n", "gates.json is no file"])
def test_a_record_of_gates_that_is_none_is_told(paper: bytes | str | None) -> None:
    assert wrong(found(structs.replace(papers(), gates=paper))).keys() == {"gates"}


def test_what_was_answered_by_an_earlier_run_attested_or_weakened_is_said() -> None:
    names = ("unit", "old", "far", "more")
    gates = tuple(Gate(name=name, command="true") for name in names)
    record = run(
        result(),
        result("old", answered_by="g0"),
        result("far", signed_by="anna"),
        result("more"),
        gates=GateSet(gates=gates, source="x"),
    )
    claim = claims(msgspec.json.encode(record), weaker="2" * 64, weaker_by="bert")

    assert why("gates", found(papers(record, gates=claim))) == (
        "unit, old, far and 1 more passed with 28 tests (gate run g1); old answered by g0;"
        " far attested by anna; weaker than before, accepted by bert"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "its evidence is not there"),
        (EVIDENCE + b" ", "its section has digest"),
        (b"0" * 101, "its section has digest"),
        ("evidence.md is no file", "evidence.md is no file"),
    ],
)
def test_evidence_that_is_not_what_was_signed_is_told(text: bytes | str | None, said: str) -> None:
    assert wrong(found(structs.replace(papers(), evidence=text)))["evidence"].startswith(said)


def test_evidence_of_another_source_is_told_though_it_was_signed() -> None:
    zeros = b"0" * 101
    digest = hashlib.sha256(zeros).hexdigest()
    given = papers(evidence=digest, approval=Approval(by="anna", at=1, evidence=digest))

    assert wrong(found(structs.replace(given, evidence=zeros))) == {
        "evidence": "its section does not name this source"
    }


@pytest.mark.parametrize(
    ("approval", "said"),
    [
        (Approval(by="anna", at=1, evidence="0" * 64), "anna approved section 000000000000, not"),
        (Approval(by="", at=1, evidence="0" * 64), " approved section 000000000000, not"),
    ],
)
def test_an_approval_of_something_else_is_none(approval: Approval, said: str) -> None:
    assert wrong(found(papers(approval=approval)))["approval"].startswith(said)


def test_nobody_approves_after_it_was_signed_and_weaker_gates_need_somebody() -> None:
    late = structs.replace(statement(RECORD).predicate.approval, at=2000)
    claim = claims(RECORD, weaker="2" * 64)

    assert wrong(found(papers(approval=late)))["approval"] == "it was signed before it was approved"
    assert "nobody accepted that" in wrong(found(papers(gates=claim)))["approval"]
