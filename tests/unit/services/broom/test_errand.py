import os
from pathlib import Path

from pmrunnerd.services.broom.errand import DEEPEST, Errand, Report


def _errand(since: float) -> Errand:
    return Errand(b"/w", since, b"r1", frozenset({b"/w/.git/modules/x"}))


def test_what_changed_in_the_moment_when_the_run_began_is_the_run_s(tmp_path: Path) -> None:
    found = tmp_path.stat()
    began = found.st_ctime_ns / 1_000_000_000

    assert _errand(began).is_new(found)
    assert not _errand(began + 0.001).is_new(found)


def test_only_what_the_run_made_is_too_deep_and_only_by_its_path(tmp_path: Path) -> None:
    here = os.open(tmp_path, os.O_RDONLY)
    try:
        assert not _errand(0.0).is_too_deep(here, b"x" * DEEPEST)
        assert _errand(0.0).is_too_deep(here, b"x" * (DEEPEST + 1))
        assert not _errand(tmp_path.stat().st_ctime + 60).is_too_deep(here, b"x" * (DEEPEST + 1))
    finally:
        os.close(here)


def test_the_workspace_s_own_repository_is_one_of_those_that_are_looked_after() -> None:
    assert _errand(0.0).repositories == (b"/w/.git", b"/w/.git/modules/x")


def test_a_report_holds_names_that_are_no_text() -> None:
    report = Report()
    report.stuck.append(b"\xff")

    assert report.as_text() == {"taken": [], "stuck": ["\udcff"], "lost": [], "removed": []}
