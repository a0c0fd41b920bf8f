import pytest

from pmrunnerd.model.logins import LONGEST, Login, is_whole, recognize


@pytest.mark.parametrize(
    "secret",
    ["", "two words", "two\nlines", "tab\there", "ümlaut", "x\0", "x" * (LONGEST + 1), "del\x7f"],
)
def test_what_cannot_be_a_secret_is_none(secret: str) -> None:
    assert not is_whole(secret)


def test_a_secret_tells_its_kind_by_how_it_begins() -> None:
    assert is_whole("sk-ant-api03-x")
    assert recognize("sk-ant-api03-x") is Login.API_KEY
    assert recognize("sk-ant-oat01-x") is Login.TOKEN
    assert recognize("sk-other") is None
