from pathlib import PurePath

import pytest

from pmrunnerd.model import invocation


@pytest.mark.parametrize("data", [b"", b"{}", b"[1]", b"\xff", b'["' + b"x" * (1 << 16) + b'"]'])
def test_what_is_no_list_of_words_has_no_options(data: bytes) -> None:
    assert invocation.decode(data) == ()


def test_options_are_the_same_when_they_are_read_again() -> None:
    words = ["--agent-acp-command", "gemini --acp", "--detach", "--port=0"]
    kept = invocation.decode(invocation.encode(words))
    assert kept == ("--agent-acp-command", "gemini --acp", "--port=0")


def test_paths_are_found_from_anywhere_however_they_were_given() -> None:
    words = ["--config", "a.toml", "--socket=s", "--state-dir", "/st", "--port", "1", "--config"]
    assert invocation.from_anywhere(words, PurePath("/here")) == [
        *("--config", "/here/a.toml", "--socket=/here/s", "--state-dir", "/st"),
        *("--port", "1", "--config"),
    ]
