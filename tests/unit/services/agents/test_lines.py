"""What an agent says is text, whatever a model made of it."""

import json

import pytest

from pmrunnerd.services.agents import lines


@pytest.mark.parametrize("line", [b"", b"{oops", b'{"a": ' + b"[" * 100_000])
def test_what_is_no_json_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        lines.read(line)


def test_half_a_character_becomes_a_mark_wherever_it_stands() -> None:
    line = rb'{"a\ud83d": ["done \ud83d", {"b": "\ude00 x"}]}'

    said = lines.read(line)

    assert said == {"a�": ["done �", {"b": "� x"}]}
    assert json.dumps(said, ensure_ascii=False).encode()


def test_bytes_that_are_no_characters_become_marks() -> None:
    assert lines.read(b'"\xff\xed\xa0\xbd"') == "����"


def test_all_else_is_as_it_was_said() -> None:
    line = '{"a": "ü 😀", "b": [1, 2.5, null, true], "c": "\\ud83d\\ude00"}'

    assert lines.read(line.encode()) == {"a": "ü 😀", "b": [1, 2.5, None, True], "c": "😀"}
