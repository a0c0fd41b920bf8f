import json
from pathlib import Path

import pytest

from pmrunnerctl.release import draw_list, draw_one, draw_pruned
from pmrunnerd.model.proof import Kept, Pruned, Releases
from tests.unit.pmrunnerctl.conftest import Ctl, Paper
from tests.unit.rules.test_shelving import row
from tests.unit.services.releases.made import Made


def test_an_environment_that_is_not_there_is_not_found(ctl: Ctl, tmp_path: Path) -> None:
    assert ctl("release", "list", "--root", str(tmp_path)).status == 3


@pytest.mark.parametrize("commit", ["HEAD", "../x", "5" * 64])
def test_a_commit_that_is_not_there_builds_nothing(ctl: Ctl, tmp_path: Path, commit: str) -> None:
    where = ("--root", str(tmp_path), "--repository", str(tmp_path))

    assert ctl("release", "build", commit, *where).status != 0
    assert list((tmp_path / "opt").rglob("*")) == []


def test_releases_are_listed_shown_and_pruned_without_a_daemon(ctl: Ctl, tmp_path: Path) -> None:
    made = Made(tmp_path)
    root = ("--root", str(tmp_path))
    other = made.release.with_name("0.0.1-000000000001")
    other.mkdir()

    assert made.name in ctl("release", "list", *root).out
    assert json.loads(ctl("release", "show", *root, "--json").out)["isDist"] is True
    assert "would go" in ctl("release", "prune", "--keep", "0", *root).out
    assert other.exists()
    assert "deleted" in ctl("release", "prune", "--keep", "0", "--yes", *root).out
    assert [path.name for path in made.release.parent.iterdir()] == [made.name]


def test_where_one_environment_alone_has_releases_it_is_meant_and_where_several_have_prod(
    ctl: Ctl, tmp_path: Path
) -> None:
    releases = Made(tmp_path).release.parents[2] / "dev/releases"
    (tmp_path / "opt/pm-runner/prod").rename(releases.parent)
    listed = ("release", "list", "--root", str(tmp_path), "--json")

    assert json.loads(ctl(*listed).out)["environment"] == "dev"
    (tmp_path / "opt/pm-runner/prod/releases").mkdir(parents=True)
    assert json.loads(ctl(*listed).out)["environment"] == "prod"


def test_what_a_release_is_and_who_uses_it_is_drawn(paper: Paper) -> None:
    draw_list(paper, Releases(environment="prod", releases=()))
    assert "prod has no release" in paper.text

    bad = row(3, trouble="release.json is not what it should be")
    used = row(2, is_previous=True, processes=(7,), is_signed=True)
    draw_list(paper, Releases(environment="prod", releases=(row(1, is_dist=True), used, bad)))
    assert "runs" in paper.text
    assert "the way back, process 7" in paper.text
    assert "release.json is not what it should be" in paper.text

    draw_one(paper, used)
    assert "by the package, where it was installed" in paper.text


def test_what_would_go_has_the_command_that_deletes_it(paper: Paper) -> None:
    gone = (Kept(id="r1", why=""), Kept(id="r2", why="dist points to it"))
    draw_pruned(paper, Pruned(environment="prod", changed=False, releases=gone))

    assert "r1       would go" in paper.text
    assert "next: sudo pmrunnerctl release prune --yes" in paper.text


def test_the_command_that_deletes_is_of_the_same_environment_and_keeps_as_many(
    ctl: Ctl, tmp_path: Path
) -> None:
    made = Made(tmp_path)
    (tmp_path / "opt/pm-runner/prod").rename(tmp_path / "opt/pm-runner/dev")
    releases = tmp_path / "opt/pm-runner/dev/releases"
    (releases / made.name).with_name("0.0.1-000000000001").mkdir()
    options = ("release", "prune", "--keep", "0", "--root", str(tmp_path))

    deletes = f"sudo pmrunnerctl --env dev release prune --keep 0 --root {tmp_path} --yes"
    assert f"next: {deletes}\n" in ctl(*options).out
    assert f"next: {deletes}\n" in ctl("--env", "dev", *options).out
