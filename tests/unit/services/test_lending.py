"""What nobody else may read is in files without a name."""

import os

import pytest

from pmrunnerd.services import lending


def test_each_secret_has_a_file_that_is_read_from_its_beginning() -> None:
    with lending.secrets((("A", "ä"), ("B", ""))) as files:
        read = {name: os.read(int(number), 100).decode() for name, number in files.items()}

    assert read == {"A": "ä", "B": ""}
    for number in files.values():
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(int(number))


def test_variables_are_words_that_each_end() -> None:
    with lending.variables(
        {"A": "b c", "EMPTY": "", "BYTES": "\udcff", "LONG": "x" * 200_000}
    ) as file:
        words = os.read(file, 1 << 20).split(b"\0")

    assert words[:9] == [
        *(b"--setenv", b"A", b"b c"),
        *(b"--setenv", b"EMPTY", b""),
        *(b"--setenv", b"BYTES", b"\xff"),
    ]
    assert words[9:] == [b"--setenv", b"LONG", b"x" * 200_000, b""]
