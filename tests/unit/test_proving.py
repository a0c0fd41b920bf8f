import json
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import Any

import pytest

from pmrunnerd.proving import main
from tests.unit.services.releases.made import Made


def proved(capsys: pytest.CaptureFixture[str], *words: str | Path) -> Any:
    status = main(["prove", *map(str, words)])
    out, err = capsys.readouterr()
    return json.loads(err if status else out)


def test_where_nothing_is_there_is_no_release_to_prove(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = proved(capsys, "--root", tmp_path)

    assert said["code"] == "not-found"
    assert f"{tmp_path}/opt/pm-runner/prod/dist" in said["message"]


def test_without_public_keys_nobody_is_believed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Made(tmp_path).sign()
    (tmp_path / "etc/pm-runner/allowed_signers").unlink()
    said = proved(capsys, "--root", tmp_path)

    assert said["code"] == "refused"
    assert "who may sign is not to be read" in said["message"]


def test_a_release_that_is_damaged_beyond_reading_is_an_error_that_names_the_path(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = Made(tmp_path)
    (made.release / "lib").rename(tmp_path / "away")
    said = proved(capsys, "--root", tmp_path)

    assert (said["code"], said["hint"]) == ("not-found", f"ls -ld {made.release}/lib")


def test_what_dist_points_to_is_proved_and_so_is_what_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = Made(tmp_path)
    made.sign()

    assert proved(capsys, "--root", tmp_path)["outcome"] == "proved"
    assert proved(capsys, "--root", tmp_path, "--release", made.name)["release"] == made.name


def test_a_bundle_goes_to_another_machine_which_has_only_the_public_keys(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = Made(tmp_path / "here")
    made.sign()
    bundle, keys = tmp_path / "bundle", tmp_path / "keys"
    assert proved(capsys, "--root", made.root, "--write-bundle", bundle)["outcome"] == "proved"
    keys.write_text((made.root / "etc/pm-runner/allowed_signers").read_text())
    there = ("--root", tmp_path / "there", "--bundle", bundle)

    assert proved(capsys, *there)["code"] == "refused"
    assert proved(capsys, *there, "--allowed-signers", keys)["outcome"] == "proved"

    whole = json.loads(bundle.read_text())
    del whole["statement"], whole["signature"]
    bundle.write_text(json.dumps(whole))
    assert proved(capsys, *there, "--allowed-signers", keys)["outcome"] == "unsigned"


def test_a_release_without_a_list_of_its_files_goes_into_no_bundle(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = Made(tmp_path)
    (made.release / "manifest").unlink()
    said = proved(capsys, "--root", tmp_path, "--write-bundle", tmp_path / "bundle")

    assert said["code"] == "bad-request"
    assert not (tmp_path / "bundle").exists()


def test_a_release_that_is_there_as_it_was_built_is_not_built_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    suffix = EXTENSION_SUFFIXES[0].strip(".").removesuffix(".so")
    made = Made(tmp_path, soabi=suffix)
    source = tmp_path / "var/lib/pm-runner/sources/prod" / made.facts.source
    words = ["build", f"--root={tmp_path}", f"--source={made.facts.source}"]
    source.mkdir(parents=True)

    assert main(words) == 0
    assert json.loads(capsys.readouterr().out)["id"] == made.name
    assert not source.exists()

    source.mkdir(parents=True)
    (made.release / "lib/cake/bake.py").write_text("heat = 900\n")

    assert main(words) == 1
    assert json.loads(capsys.readouterr().err)["message"].startswith("cannot make a release")
