import stat
from pathlib import Path

from pmrunnerd.model import invocation
from pmrunnerd.services import invoked


def test_where_nothing_can_be_written_nobody_is_stopped(tmp_path: Path) -> None:
    invoked.note(tmp_path / "gone", ["--port", "0"])
    assert list(tmp_path.iterdir()) == []


def test_the_options_are_kept_for_us_alone(tmp_path: Path) -> None:
    for words in (["--port", "0"], ["--unconfined"]):
        invoked.note(tmp_path, words)
        file = tmp_path / invocation.FILE
        assert invocation.decode(file.read_bytes()) == tuple(words)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
