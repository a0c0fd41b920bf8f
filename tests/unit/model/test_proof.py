import msgspec
import pytest

from pmrunnerd.model.proof import Holding, Link, Outcome, Proof, Release
from tests.unit.rules.proof.samples import release


def test_a_release_that_an_older_builder_made_says_nothing_of_its_lock_and_level() -> None:
    plain = msgspec.to_builtins(release())
    del plain["lock"], plain["level"]
    found = msgspec.convert(plain, Release)

    assert (found.lock, found.level) == ("", 0)


def test_a_release_without_its_digest_is_none() -> None:
    plain = msgspec.to_builtins(release())
    del plain["tree"]

    with pytest.raises(msgspec.ValidationError, match="tree"):
        msgspec.convert(plain, Release)


def test_a_proof_is_one_line_of_json_with_words_that_scripts_can_branch_on() -> None:
    link = Link(name="tree", holding=Holding.FAILS, why="lib/x was changed")
    proof = Proof(release="r", environment="prod", outcome=Outcome.REFUTED, links=(link,))

    assert msgspec.json.encode(proof) == (
        b'{"release":"r","environment":"prod","outcome":"refuted",'
        b'"links":[{"name":"tree","holding":"does-not-hold","why":"lib/x was changed"}]}'
    )
