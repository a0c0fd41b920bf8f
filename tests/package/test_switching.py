"""What whoever promotes asks of the launcher: by the name of the promotion, and of no other."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.package.ontrial import LAUNCH, NEW, OLD, OnTrial, switching


def launch(prod: OnTrial, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*LAUNCH, "--root", str(prod.root), *words], capture_output=True, text=True, check=False
    )


def test_it_is_put_on_trial_once_and_confirmed_by_its_name(prod: OnTrial) -> None:
    assert launch(prod, "trial", "prod", "p1", NEW).returncode == 0
    assert (prod.dist, *prod.says("id", "state", "left")) == (NEW, "p1", "open", 1)
    again = launch(prod, "trial", "prod", "p2", OLD)
    assert (again.returncode, prod.says("id")) == (30, ["p1"])
    assert f"cannot put {OLD} on trial: {NEW} is on trial" in again.stderr

    assert launch(prod, "confirm", "prod", "p2").returncode == 30
    assert launch(prod, "confirm", "prod", "p1").returncode == 0
    assert prod.says("state") == ["confirmed"]


def test_it_is_returned_from_by_its_name_with_a_reason_and_once(trying: OnTrial) -> None:
    assert launch(trying, "return", "prod", "p2", "it hangs").returncode == 30
    assert trying.dist == NEW
    for _ in range(2):
        assert launch(trying, "return", "prod", "p1", "it hangs; twice").returncode == 0
        assert (trying.dist, *trying.says("state", "why")) == (OLD, "returned", "it hangs; twice")


def test_what_was_confirmed_is_returned_from_by_nobody(trying: OnTrial) -> None:
    trying.confirm()
    assert launch(trying, "return", "prod", "p1", "too late").returncode == 30
    assert trying.dist == NEW


@pytest.mark.parametrize(
    "words",
    [
        ("trial", "prod", "p1"),
        ("trial", "prod", "../p1", NEW),
        ("confirm", "prod"),
        ("confirm", "prod", "p1", NEW),
        ("return", "Prod", "p1", "why"),
        ("promote", "../prod"),
    ],
)
def test_what_is_no_deed_is_not_done(trying: OnTrial, words: tuple[str, ...]) -> None:
    before = trying.all()
    assert launch(trying, *words).returncode == 2
    assert trying.all() == before


def test_who_acts_as_root_is_what_runs_and_not_what_is_on_trial(prod: OnTrial) -> None:
    root = str(prod.root)
    assert switching.proven("prod", root) == "dist"
    prod.begin()
    assert switching.proven("prod", root) == f"releases/{OLD}"
    prod.confirm()
    assert switching.proven("prod", root) == "dist"


@pytest.mark.parametrize("text", ["", "{}", "[]", "7", '{"state": "open"}'])
def test_where_the_trial_cannot_be_read_it_is_what_runs(trying: OnTrial, text: str) -> None:
    trying.file.write_text(text)
    assert switching.proven("prod", str(trying.root)) == "dist"


def test_a_record_that_leads_elsewhere_is_not_followed(trying: OnTrial, tmp_path: Path) -> None:
    record = trying.record | {"previous": f"../../{tmp_path.name}"}
    trying.file.write_text(json.dumps(record))
    assert switching.proven("prod", str(trying.root)) == "dist"
