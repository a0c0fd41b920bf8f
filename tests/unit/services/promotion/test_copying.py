import os
from pathlib import Path

import pytest

from pmrunnerd.model.errors import Refused
from pmrunnerd.services.promotion import copying
from pmrunnerd.services.promotion.copying import copy
from pmrunnerd.store import snapshot


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    found = tmp_path / "state/journal"
    found.mkdir(parents=True)
    return found


def test_a_link_in_place_of_the_journal_is_not_followed(journal: Path, tmp_path: Path) -> None:
    (journal / "00000001.jsonl").write_text("secret\n")
    journal.rename(tmp_path / "elsewhere")
    journal.symlink_to(tmp_path / "elsewhere")

    with pytest.raises(OSError, match=r"Not a directory|Too many levels"):
        copy(journal.parent, tmp_path / "copy")


def test_a_link_in_place_of_a_segment_is_not_followed(journal: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret\n")
    (journal / "00000001.jsonl").symlink_to(tmp_path / "secret")

    with pytest.raises(OSError, match="Too many levels"):
        copy(journal.parent, tmp_path / "copy")


def test_a_pipe_in_place_of_a_segment_holds_nobody_up(journal: Path, tmp_path: Path) -> None:
    os.mkfifo(journal / "00000001.jsonl")

    with pytest.raises(Refused, match="no file of its owner"):
        copy(journal.parent, tmp_path / "copy")


@pytest.mark.parametrize("torn", ["", "hal", "x" * (3 << 20)])
def test_a_line_that_is_being_written_is_left_out(journal: Path, tmp_path: Path, torn: str) -> None:
    (journal / "00000001.jsonl").write_text("one\n")
    (journal / "00000002.jsonl").write_text("two\n" + torn)

    assert copy(journal.parent, tmp_path / "copy") == 8

    copied = {p.name: p.read_text() for p in (tmp_path / "copy/journal").iterdir()}
    assert copied == {"00000001.jsonl": "one\n", "00000002.jsonl": "two\n"}
    assert (journal / "00000002.jsonl").read_text() == "two\n" + torn


def test_a_segment_without_a_whole_line_is_empty(journal: Path, tmp_path: Path) -> None:
    (journal / "00000001.jsonl").write_text("half")

    assert copy(journal.parent, tmp_path / "copy") == 0


def test_what_is_no_segment_is_left_where_it_is(journal: Path, tmp_path: Path) -> None:
    (journal / "notes.txt").write_text("mine\n")
    (journal.parent / "secrets").mkdir()

    copy(journal.parent, tmp_path / "copy")

    assert [one.name for one in (tmp_path / "copy").iterdir()] == ["journal"]
    assert list((tmp_path / "copy/journal").iterdir()) == []
    assert (tmp_path / "copy/journal").stat().st_mode & 0o777 == 0o700


def test_what_saves_reading_the_whole_journal_is_copied_and_nothing_else(
    journal: Path, tmp_path: Path
) -> None:
    (journal / "00000001.jsonl").write_text("one\n")
    (journal.parent / "snapshot.json").write_text("whole, without an end of line")
    history = journal.parent / "history"
    history.mkdir()
    (history / "plans").write_bytes(b"\0\n\1")
    (history / ".plans.new").write_bytes(b"half")
    (journal.parent / "web.token").write_text("secret")

    assert copy(journal.parent, tmp_path / "copy") == 4 + 29 + 3

    there = {p.name: p for p in (tmp_path / "copy").rglob("*") if p.is_file()}
    assert set(there) == {"00000001.jsonl", "snapshot.json", "plans"}
    assert there["plans"].read_bytes() == b"\0\n\1"
    assert {p.stat().st_mode & 0o777 for p in there.values()} == {0o600}


def test_what_saves_reading_all_is_called_as_the_store_calls_it() -> None:
    # It is not imported from there: whoever promotes would import half of the house for a name.
    assert copying.SNAPSHOT == snapshot.FILE
