import msgspec
import pytest
from msgspec import structs

from pmrunnerd.model.statement import Builder
from pmrunnerd.rules.proof import canonical
from pmrunnerd.rules.proof.claims import BadRecord
from pmrunnerd.rules.proof.drafting import Grounds, draft
from tests.unit.rules.proof.samples import EVIDENCE, found, papers, release, run, wrong

GROUNDS = Grounds(
    environment="prod",
    commit="c" * 40,
    git_tree="9" * 40,
    record=msgspec.json.encode(run()),
    section=EVIDENCE,
    approved_by="anna",
    approved_at=1000,
    builder=Builder(name="pm-runner-build on here", at=900),
)


def test_a_log_is_no_ground_for_a_statement() -> None:
    with pytest.raises(BadRecord):
        draft(release(), b"", structs.replace(GROUNDS, record=b"[FAIL] NOT ALL PASS"))


def test_what_was_drafted_of_good_grounds_holds_once_it_is_signed() -> None:
    whole = draft(release(), msgspec.json.encode(release()), GROUNDS)
    given = structs.replace(papers(), statement=canonical.encode(whole))

    assert (whole.predicate.signer, whole.predicate.signed) == ("", 0)
    assert wrong(found(given)) == {}


def test_what_was_drafted_of_other_grounds_does_not() -> None:
    other = structs.replace(GROUNDS, record=msgspec.json.encode(run(build="8" * 64)))
    whole = draft(release(), msgspec.json.encode(release()), other)
    given = structs.replace(papers(), statement=canonical.encode(whole), gates=other.record)

    assert wrong(found(given)).keys() == {"gates"}
