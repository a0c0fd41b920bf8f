import json
from pathlib import Path

import pytest

from pmrunnerctl.prove import draw
from pmrunnerd.model.proof import Holding, Link, Outcome, Proof
from tests.unit.pmrunnerctl.conftest import Ctl, Paper
from tests.unit.services.releases.made import Made


def test_a_release_that_is_not_there_is_not_found(ctl: Ctl, tmp_path: Path) -> None:
    ended = ctl("prove", "--root", str(tmp_path))

    assert (ended.status, ended.out) == (3, "")


def test_an_altered_release_ends_badly_and_the_file_is_named(ctl: Ctl, tmp_path: Path) -> None:
    made = Made(tmp_path)
    (made.release / "lib/cake/bake.py").write_text("heat = 181\n")
    ended = ctl("prove", "--root", str(tmp_path))

    assert ended.status == 8
    assert "lib/cake/bake.py was changed" in ended.out
    assert f"{made.name} of prod is not what it should be: tree" in ended.out


def test_a_release_that_nobody_signed_has_a_status_of_its_own(ctl: Ctl, tmp_path: Path) -> None:
    Made(tmp_path)
    ended = ctl("prove", "--root", str(tmp_path))

    assert ended.status == 41
    assert "is not proved: nothing speaks against it, and nobody signed for it" in ended.out


def test_a_proved_release_is_no_error_and_json_is_one_line(ctl: Ctl, tmp_path: Path) -> None:
    made = Made(tmp_path)
    made.sign()
    bundle = tmp_path / "bundle"
    ended = ctl(
        "prove", made.name, "--root", str(tmp_path), "--write-bundle", str(bundle), "--json"
    )

    assert ended.status == 0
    assert json.loads(ended.out)["outcome"] == "proved"
    assert "it holds no secret" in json.loads(ended.err)["note"]

    keys = str(tmp_path / "etc/pm-runner/allowed_signers")
    assert ctl("prove", "--bundle", str(bundle), "--allowed-signers", keys).status == 0


def test_a_release_and_a_bundle_at_once_make_no_sense(ctl: Ctl) -> None:
    assert ctl("prove", "0.1.0-000000000000", "--bundle", "x").status == 2


@pytest.mark.parametrize("outcome", list(Outcome))
def test_each_link_is_a_line_with_its_reason(paper: Paper, outcome: Outcome) -> None:
    links = tuple(Link(name=f"link{n}", holding=one, why="why") for n, one in enumerate(Holding))
    draw(paper, Proof(release="r", environment="prod", outcome=outcome, links=links))

    assert "link0  holds          why" in paper.text
    assert "link1  does not hold  why" in paper.text
    assert "link2  absent         why" in paper.text
    assert "r of prod" in paper.text.splitlines()[-1]
