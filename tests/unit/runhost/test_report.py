import re
from pathlib import Path

from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.progress import (
    Asked,
    Began,
    Committed,
    Finished,
    Kept,
    Output,
    PutAway,
    PutBack,
)
from pmrunnerd.services.child import Usage
from pmrunnerd.services.commits import Commit
from pmrunnerd.services.keeping import Keeping
from tests.unit.runhost.parts import Book


def test_what_is_said_is_written_in_that_order_with_the_time(tmp_path: Path) -> None:
    book = Book(tmp_path / "r1")
    book.report.began("a" * 40, confined=True, pid=7)
    book.report.put_back("refs/w", there=True)
    book.report.output("stdout", "x\n")
    book.report.asked("Which?", ("a",))
    book.report.committed(Commit(id="b" * 40, subject="s", files=2))
    book.report.kept(Keeping(ref="refs/x", files=1))
    book.report.put_away("r0", Keeping(ref="refs/y", files=3))
    book.report.used(Usage(peak_memory=5, cpu_seconds=0.12345))
    book.report.finished(Outcome.FAILED, "why", 3)
    said = book.read()

    kinds = [Began, PutBack, Output, Asked, Committed, Kept, PutAway, Finished]
    assert [type(progress) for progress in said] == kinds
    assert all(re.fullmatch(r"\d{4}-.*\d{3}Z", progress.at) for progress in said)
    assert isinstance(last := said[-1], Finished)
    assert (last.outcome, last.reason, last.status) == (Outcome.FAILED, "why", 3)
    assert (last.peak_memory, last.cpu_seconds) == (5, 0.123)


def test_all_before_the_last_word_survives_a_power_cut_before_that_is_said_and_that_does_too(
    tmp_path: Path,
) -> None:
    book = Book(tmp_path / "r1")
    book.report.committed(Commit(id="b" * 40, subject="s", files=2))
    book.report.finished(Outcome.SUCCEEDED, "", 0)

    assert book.order == [Committed, None, Finished, None]


def test_what_was_put_back_survives_a_power_cut_before_anybody_works_on_it(tmp_path: Path) -> None:
    book = Book(tmp_path / "r1")
    book.report.put_back("refs/w", there=True)

    assert book.order == [PutBack, None]


def test_what_is_not_known_is_absent(tmp_path: Path) -> None:
    book = Book(tmp_path / "r1")
    book.report.finished(Outcome.SUCCEEDED, "", None)
    book.read()

    text = book.directory.events.read_text()
    assert "peakMemory" not in text
    assert "status" not in text
