import json
from pathlib import Path

import pytest

from pmrunnerctl import cli
from pmrunnerd import __version__
from pmrunnerd.model.frames import VERSION
from tests.unit.pmrunnerctl.conftest import Ctl


def test_both_tell_their_versions(ctl: Ctl) -> None:
    assert ctl("version").out == (
        f"pmrunnerctl {__version__}, protocol {VERSION}\npmrunnerd 1.2.3 (dev)\n"
    )
    assert json.loads(ctl("version", "--json").out) == {
        "client": __version__,
        "protocol": VERSION,
        "daemon": "1.2.3",
        "environment": "dev",
        "problem": None,
    }


def test_a_daemon_that_is_away_is_no_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["--socket", str(tmp_path / "none"), "version"]) == 0

    assert "cannot reach pmrunnerd" in capsys.readouterr().out
