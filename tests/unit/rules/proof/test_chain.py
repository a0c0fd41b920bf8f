from msgspec import structs

from pmrunnerd.model.proof import Outcome
from pmrunnerd.rules.proof import chain
from pmrunnerd.rules.proof.found import Papers
from tests.unit.rules.proof.samples import comes_to, found, papers, wrong


def test_a_release_of_which_everything_holds_is_proved_and_no_link_is_left_out() -> None:
    assert wrong(found()) == {}
    assert comes_to(found()) is Outcome.PROVED
    assert [link.name for link in chain.links(found())] == [
        *("dist", "owner", "tree", "statement"),
        *("signature", "source", "gates", "evidence", "approval"),
    ]


def test_one_link_that_does_not_hold_refutes_it_whatever_else_is_missing() -> None:
    unsigned = structs.replace(papers(), statement=None, signature=None)

    assert comes_to(found(unsigned)) is Outcome.UNSIGNED
    assert comes_to(found(structs.replace(unsigned, manifest=b""))) is Outcome.REFUTED


def test_nobody_can_prove_a_release_by_taking_its_papers_away() -> None:
    whole = papers()
    for name in Papers.__struct_fields__:
        assert comes_to(found(structs.replace(whole, **{name: None}))) is not Outcome.PROVED


def test_the_release_of_the_package_is_told_as_what_it_is() -> None:
    none = Papers(release=papers().release, manifest=papers().manifest)

    assert comes_to(found(none, package="5" * 64)) is Outcome.UNSIGNED
    assert wrong(found(none, package="5" * 64)) == {
        "statement": "nobody signed for it: it was not gated here",
        "signature": "there is none",
        "gates": "it was not gated here",
        "evidence": "there is none",
        "approval": "nobody approved it",
    }
    assert "is not that of the package" in wrong(found(none, package="6" * 64))["source"]
    assert "nobody says whose that is" in wrong(found(none))["source"]


def test_a_statement_that_cannot_be_read_is_no_release_of_the_package() -> None:
    for bad in (b"{}", b"\xff", "statement.json is no file"):
        said = found(structs.replace(papers(), statement=bad), package="5" * 64)

        assert comes_to(said) is Outcome.REFUTED
        assert {"statement", "source", "signature"} <= wrong(said).keys()


def test_a_bundle_is_proved_without_a_release_beside_it() -> None:
    elsewhere = found(standing=None)

    assert comes_to(elsewhere) is Outcome.PROVED
    assert "lib itself is not here" in chain.links(elsewhere)[0].why
