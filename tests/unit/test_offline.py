import json
import os
from pathlib import Path

import pytest

from pmrunnerd.offline import main
from pmrunnerd.services import lockfile
from tests.unit.store.archives import archived
from tests.unit.store.damage import everything, flip, messages, segments, state
from tests.unit.store.parts import opened


def test_a_state_that_is_not_there_is_an_error_with_its_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", "--state-dir", str(tmp_path / "none")]) == 1
    out, err = capsys.readouterr()

    assert out == ""
    assert json.loads(err)["code"] == "not-found"


def test_a_repair_under_a_daemon_is_refused_and_says_who_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with opened(state(tmp_path)):
        assert main(["repair", "--yes", "--state-dir", str(tmp_path)]) == 1

    said = json.loads(capsys.readouterr().err)
    assert (said["code"], said["hint"]) == ("refused", "pmrunnerctl stop")


def test_something_in_the_way_is_said_as_the_kernel_says_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "journal").mkdir()
    (tmp_path / "journal" / "00000001.jsonl").mkdir()

    assert main(["verify", "--state-dir", str(tmp_path)]) == 1
    assert "Is a directory" in json.loads(capsys.readouterr().err)["message"]


def test_a_repair_changes_something_only_if_it_was_told_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flip(segments(state(tmp_path))[1], 1)

    def repaired(*options: str) -> bool:
        assert main(["repair", "--state-dir", str(tmp_path), *options]) == 0
        changed: bool = json.loads(capsys.readouterr().out)["changed"]
        return changed

    assert [repaired(), repaired("--yes"), repaired("--yes")] == [False, True, False]


def test_a_restore_needs_an_archive(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["restore", "--state-dir", str(tmp_path)]) == 1
    assert json.loads(capsys.readouterr().err)["code"] == "bad-request"


def test_while_a_run_goes_on_without_its_daemon_nothing_is_restored(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a").write_bytes(archived(state(tmp_path / "one")))
    (state(tmp_path / "two") / "runs" / "r7").mkdir(parents=True)
    before = everything(tmp_path / "two")
    words = ["restore", str(tmp_path / "a"), "--state-dir", str(tmp_path / "two")]
    file = lockfile.take(tmp_path / "two" / "runs" / "r7" / "lock")
    assert file is not None

    assert main(words) == 1
    assert "r7 still runs" in json.loads(capsys.readouterr().err)["message"]
    assert everything(tmp_path / "two") == before
    os.close(file)
    assert main(words) == 0
    assert messages(tmp_path / "two") == messages(tmp_path / "one")


def test_an_archive_of_another_environment_takes_force(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a").write_bytes(archived(state(tmp_path / "one"), environment="prod"))
    words = ["restore", str(tmp_path / "a"), "--state-dir", str(tmp_path / "two"), "--env", "dev"]

    assert main(words) == 1
    assert "environment prod" in json.loads(capsys.readouterr().err)["message"]
    assert main([*words, "--force"]) == 0
    assert json.loads(capsys.readouterr().out)["commits"] == 10


def test_an_archive_is_verified_without_a_state_and_nothing_is_left_of_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    archive = archived(state(tmp_path / "one"), environment="prod")
    (tmp_path / "a").write_bytes(archive)
    (tmp_path / "b").write_bytes(archive[:-30])

    assert main(["verify", str(tmp_path / "a")]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["commits"], told["environment"]) == (10, "prod")
    assert main(["verify", str(tmp_path / "b")]) == 1
    assert "cannot use the archive" in json.loads(capsys.readouterr().err)["message"]
    assert list(scratch.iterdir()) == []


def test_a_setting_that_cannot_be_used_is_an_error_with_its_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", "--state-dir", str(tmp_path), "--port", "99999"]) == 1
    out, err = capsys.readouterr()

    assert out == ""
    assert json.loads(err)["code"] == "bad-request"


def test_what_the_doctor_found_is_one_line_of_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", "--state-dir", str(tmp_path), "--port", "0"]) == 0

    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["stateDirectory"] == str(tmp_path)
