import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pmrunnerctl.tail import tail


@pytest.mark.parametrize(
    ("text", "count", "shown"),
    [
        ("", 5, []),
        ("a\nb\nc\n", 2, ["b", "c"]),
        ("a\nb\nc\n", 0, []),
        ("a\nb\nno end", 2, ["b", "no end"]),
        ("a\n", 50, ["a"]),
        ("x" * 200_000 + "\nlast\n", 1, ["last"]),
    ],
)
def test_the_last_lines_are_told_whole(
    tmp_path: Path, text: str, count: int, shown: list[str]
) -> None:
    path = tmp_path / "log"
    path.write_text(text)
    assert [line.decode() for line in tail(path, count, follow=False)] == shown


def told(lines: Iterator[bytes], count: int) -> list[str]:
    return [next(lines).decode() for _ in range(count)]


def test_what_is_added_is_told_when_its_line_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("one\n")
    lines = tail(path, 5, follow=True)
    assert told(lines, 1) == ["one"]
    with path.open("a") as file:
        file.write("tw")
        file.flush()

        def finish() -> None:
            file.write("o\nthree\n")
            file.flush()

        threading.Timer(0.05, finish).start()
        assert told(lines, 2) == ["two", "three"]
    lines.close()  # type: ignore[attr-defined]


def test_a_log_that_was_cut_is_told_from_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("a long first line\n")
    lines = tail(path, 5, follow=True)
    assert told(lines, 1) == ["a long first line"]
    path.write_text("cut\n")
    assert told(lines, 1) == ["cut"]
    lines.close()  # type: ignore[attr-defined]


def test_a_log_in_whose_place_another_came_is_told_on(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("old\n")
    lines = tail(path, 5, follow=True)
    assert told(lines, 1) == ["old"]
    path.rename(tmp_path / "log.1")
    until = time.monotonic() + 180
    path.write_text("new\n")
    assert told(lines, 1) == ["new"]
    assert time.monotonic() < until
    lines.close()  # type: ignore[attr-defined]


def test_of_lines_that_are_wanted_the_last_are_shown_and_half_a_line_waits_for_its_end(
    tmp_path: Path,
) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"a1\nb1\na2\nb2\na3\nb")

    def says(_: float) -> None:
        with path.open("ab") as file:
            file.write(b"a half\na4\nb3\n")

    lines = tail(path, 3, follow=True, wait=says, wanted=lambda line: line.startswith(b"a"))
    assert [next(lines) for _ in range(3)] == [b"a2", b"a3", b"a4"]
