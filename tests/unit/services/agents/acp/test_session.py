"""Which session is gone on with."""

from pathlib import Path

from pmrunnerd.services.agents.acp.session import remember, remembered


def a_run(root: Path, name: str, session: str = "") -> Path:
    directory = root / name
    directory.mkdir()
    if session:
        remember(directory, session)
    return directory


def test_a_first_run_goes_on_with_none(tmp_path: Path) -> None:
    assert remembered(a_run(tmp_path, "r1"), [tmp_path / "r0"]) == ""


def test_the_latest_that_was_remembered_is_gone_on_with(tmp_path: Path) -> None:
    earlier = [a_run(tmp_path, "r1", "s1"), a_run(tmp_path, "r2", "s2"), a_run(tmp_path, "r3")]

    assert remembered(a_run(tmp_path, "r4"), earlier) == "s2"
    assert remembered(a_run(tmp_path, "r5", "s5"), earlier) == "s5"


def test_a_note_that_nobody_can_read_is_passed_by(tmp_path: Path) -> None:
    broken = a_run(tmp_path, "r2")
    (broken / "acp-session").write_bytes(b"\xff")

    assert remembered(a_run(tmp_path, "r3"), [a_run(tmp_path, "r1", "s1"), broken]) == "s1"
