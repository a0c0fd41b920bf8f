import pytest
from msgspec import structs

from pmrunnerd.rules.proof.found import Found
from tests.unit.rules.proof.samples import papers, release


@pytest.mark.parametrize("paper", [None, "release.json is no file", b"", b"[1]", b"[" * 99999])
def test_what_is_no_release_says_nothing_of_itself(paper: bytes | str | None) -> None:
    given = structs.replace(papers(), release=paper)

    assert Found(name="x", environment="prod", papers=given).facts is None


def test_a_release_says_what_it_is() -> None:
    assert Found(name="x", environment="prod", papers=papers()).facts == release()
