"""What an agent's program keeps is copied from run to run."""

import os
from pathlib import Path

from pmrunnerd.services.agents import kept


def a_run(root: Path, name: str, *, left: str = "") -> Path:
    """Return the directory of a run, which left something where it says so."""
    directory = root / name
    directory.mkdir()
    if left:
        (kept.prepare(directory, []) / "words").write_text(left)
    return directory


def test_a_first_run_has_a_directory_that_nobody_else_can_read(tmp_path: Path) -> None:
    found = kept.prepare(tmp_path, [])

    assert found.stat().st_mode & 0o777 == 0o700


def test_what_is_no_file_is_not_copied(tmp_path: Path) -> None:
    before = a_run(tmp_path, "r1", left="hello")
    os.mkfifo(before / "session/pipe")

    found = kept.prepare(a_run(tmp_path, "r2"), [before])

    assert [path.name for path in found.iterdir()] == ["words"]


def test_a_copy_that_was_cut_off_is_made_anew(tmp_path: Path) -> None:
    before, later = a_run(tmp_path, "r1", left="hello"), a_run(tmp_path, "r2")
    half = later / ".session.new"
    half.mkdir()
    (half / "junk").write_text("x")

    found = kept.prepare(later, [before])

    assert [path.name for path in found.iterdir()] == ["words"]
    assert not half.exists()


def test_the_latest_run_that_left_something_is_gone_on_with_and_stays_as_it_is(
    tmp_path: Path,
) -> None:
    earlier = [a_run(tmp_path, "r1", left="one"), a_run(tmp_path, "r2", left="two")]
    later = a_run(tmp_path, "r4")

    found = kept.prepare(later, [*earlier, a_run(tmp_path, "r3")])

    assert (found / "words").read_text() == "two"
    (found / "words").write_text("four")
    assert (earlier[1] / "session/words").read_text() == "two"
    assert kept.prepare(later, earlier) == found
    assert (found / "words").read_text() == "four"
