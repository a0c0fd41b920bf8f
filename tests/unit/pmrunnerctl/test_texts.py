import os
import subprocess
import sys

import pytest

from pmrunnerctl.exits import Cannot
from pmrunnerctl.texts import joined
from tests.unit.pmrunnerctl.conftest import environment


def test_words_become_one_text() -> None:
    assert joined(("use", "the  second", "-"), "answer") == "use the  second -"


@pytest.mark.parametrize("words", [(), ("",), (" ", "\n")])
def test_an_empty_text_is_refused(words: tuple[str, ...]) -> None:
    with pytest.raises(Cannot, match="cannot send the message: it is empty"):
        joined(words, "message")


@pytest.mark.parametrize("word", ["TEXT", "REASON"])
def test_a_word_that_stands_for_a_text_is_none_but_may_be_piped(word: str) -> None:
    with pytest.raises(Cannot, match=f"cannot send the reason: {word} stands for what you want"):
        joined((word,), "reason")
    assert joined((word, "me"), "message") == f"{word} me"
    assert read(word.encode()).stdout == word.encode()


def read(data: bytes) -> "subprocess.CompletedProcess[bytes]":
    code = "from pmrunnerctl.texts import joined; print(end=joined(['-'], 'message'))"
    return subprocess.run(
        [sys.executable, "-c", code],
        input=data,
        capture_output=True,
        check=False,
        env=environment(),
    )


def test_a_dash_is_standard_input_to_the_last_byte() -> None:
    assert read("  日本\n\n".encode()).stdout == "  日本\n\n".encode()


def test_standard_input_that_is_not_utf_8_is_refused() -> None:
    assert b"standard input is not UTF-8" in read(b"\xff\xfe").stderr


def test_a_terminal_is_told_how_to_end_a_text() -> None:
    keyboard, terminal = os.openpty()
    code = "from pmrunnerctl.texts import joined; print(end=joined(['-'], 'message'))"
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=terminal,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    ) as reading:
        os.close(terminal)
        assert reading.stderr is not None
        assert b"type the message; Ctrl-D" in reading.stderr.readline()
        os.write(keyboard, b"hello\n\x04")
        out, _ = reading.communicate(timeout=180)
        os.close(keyboard)

    assert out == b"hello\n"
