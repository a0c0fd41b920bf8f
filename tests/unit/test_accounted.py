import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from pmrunnerd.model.evidence import NAME
from pmrunnerd.offline import main
from tests.unit.engine.test_accounting import completed
from tests.unit.rules.evidence.parts import RECORD
from tests.unit.services.parts import git, repository


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> "Said":
    return Said(capsys)


class Said:
    """What one verb replies, or the error that it ends with."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, verb: str, here: Path, *options: str) -> dict[str, Any]:
        status = main([f"evidence-{verb}", "--directory", str(here), *options])
        out, err = self._capsys.readouterr()
        told: dict[str, Any] = json.loads(err if status else out)
        return told


def test_a_checkout_s_evidence_is_begun_completed_and_checked_without_a_daemon(
    tmp_path: Path, said: Said
) -> None:
    here = repository(tmp_path / "w")
    draft = said("write", here)
    assert draft["written"] == str(here / NAME)
    assert said("write", here)["wasThere"]
    file = here / NAME
    text = completed(file.read_text())
    table = "| gate | verdict | status | tests | time | answered by | log |\n| unit | passed | 0 | | 1 s | | |"
    file.write_text(text.replace("No gate was run for this content.", table))
    git(here, "add", NAME)
    git(here, "commit", "--quiet", "--message=evidence")
    found = said("check", here)

    assert (found["complaints"], found["compared"]) == ([], False)
    assert found["source"] == draft["source"]
    records = tmp_path / "records.json"
    records.write_bytes(msgspec.json.encode(replace(RECORD, source=draft["source"])))
    held = said("check", here, "--records", str(records))
    assert held["compared"]
    assert any("the gate table lacks lint" in one["what"] for one in held["complaints"])


def test_a_worktree_whose_history_lies_elsewhere_is_read_as_well(
    tmp_path: Path, said: Said
) -> None:
    here = repository(tmp_path / "w")
    git(here, "worktree", "add", "--quiet", str(tmp_path / "other"))

    assert said("check", tmp_path / "other")["source"] == said("check", here)["source"]


def test_what_is_no_checkout_and_what_is_no_gate_run_is_told(tmp_path: Path, said: Said) -> None:
    here = repository(tmp_path / "w")
    (tmp_path / "records.json").write_text("{}")

    assert said("check", tmp_path)["code"] == "not-found"
    records = said("check", here, "--records", str(tmp_path / "records.json"))
    assert records["code"] == "bad-request"
    assert "it is no gate run" in records["message"]
    assert said("check", here, "--records", str(tmp_path / "gone"))["code"] != "internal"
    assert said("check", here, "--commit", "gone")["code"] == "not-found"


def test_printed_is_not_written_and_a_link_is_refused(tmp_path: Path, said: Said) -> None:
    here = repository(tmp_path / "w")
    assert said("write", here, "--printed")["section"].startswith("## ")
    assert not (here / NAME).exists()
    (here / NAME).symlink_to("kept.txt")
    assert said("write", here)["code"] == "refused"
    assert (here / "kept.txt").read_text() == "kept\n"
