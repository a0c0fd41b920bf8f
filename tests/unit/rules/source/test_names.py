import pytest

from pmrunnerd.rules.source import names


@pytest.mark.parametrize(
    ("name", "why"),
    [
        (b"", "it has no name"),
        (b"a/b", "a slash or a NUL is in its name"),
        (b"a\0b", "a slash or a NUL is in its name"),
        (b".", "it names its own directory"),
        (b"..", "it names the directory above"),
        (b".git", "git would take it for a repository"),
        (b".GiT", "git would take it for a repository"),
        (b"x" * 256, "its name is longer than 255 bytes"),
        (b"caf\xe9", "its name is not UTF-8"),
        (b"\xed\xa0\x80", "its name is not UTF-8"),
    ],
)
def test_a_name_that_a_source_cannot_have_is_refused_with_its_reason(name: bytes, why: str) -> None:
    assert names.refusal(name) == why


@pytest.mark.parametrize(
    "name",
    [b"a", b"...", b".gitignore", b".github", b"-rf", b"two\nlines", "é".encode(), b"x" * 255],
)
def test_a_name_that_is_only_odd_is_one(name: bytes) -> None:
    assert names.refusal(name) == ""


def test_a_name_is_shown_on_one_line_whatever_it_is() -> None:
    assert names.shown(b"a\nb\xff\x1b[31m") == "a\\nb\\\\xff\\x1b[31m"
    assert names.shown("é".encode()) == "é"
