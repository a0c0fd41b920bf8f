import json
from pathlib import Path

import pytest

from pmrunnerd.offline import main


def test_a_setting_that_cannot_be_used_is_an_error_with_its_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", "--state-dir", str(tmp_path), "--port", "99999"]) == 1
    out, err = capsys.readouterr()

    assert out == ""
    assert json.loads(err)["code"] == "bad-request"


def test_a_reply_is_one_line_of_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--state-dir", str(tmp_path), "--port", "0"]) == 0

    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["stateDirectory"] == str(tmp_path)
