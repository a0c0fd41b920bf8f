from pathlib import Path

import pytest

from pmrunnerd.model.errors import Refused
from pmrunnerd.services.source import refs
from tests.unit.services.parts import git, head, repository
from tests.unit.services.source.parts import empty


def test_a_name_is_looked_for_as_git_does_loose_or_packed(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    git(here, "branch", "fix/it")
    git(here, "tag", "v1")
    git(here, "update-ref", "refs/remotes/origin/up", "HEAD")
    names = ("HEAD", "main", "refs/heads/main", "heads/main", "fix/it", "v1", "origin/up")
    for _ in range(2):
        assert {refs.find(here, name) for name in names} == {head(here)}
        git(here, "pack-refs", "--all")
    assert not (here / ".git/refs/heads/main").exists(), "they were packed"
    assert refs.width(here) == 40
    assert refs.width(empty(tmp_path / "empty")) == 0
    assert refs.find(here, "nothing") == ""
    assert refs.find(here, "0" * 64) == "0" * 64


@pytest.mark.parametrize(
    "name",
    [
        "",
        "-x",
        "..",
        "a..b",
        "../x",
        "a b",
        "a\nb",
        "main~1",
        "main^",
        "@{-1}",
        ".x",
        "a/.b",
        "a//b",
        ":x",
        "a.lock",
        "/etc/passwd",
    ],
)
def test_what_can_be_no_name_is_refused(tmp_path: Path, name: str) -> None:
    here = repository(tmp_path / "w")
    with pytest.raises(Refused, match="that is no name of a commit, a branch or a tag"):
        refs.find(here, name)


def test_a_reference_that_leads_astray_stands_for_nothing(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    secret = tmp_path / "secret"
    secret.write_text("1" * 40)
    heads = here / ".git/refs/heads"
    for name, said in {
        "out": "ref: ../../../../secret",
        "config": "ref: config",
        "round": "ref: refs/heads/round",
        "short": "1" * 39,
        "noise": "1" * 40 + "x",
    }.items():
        (heads / name).write_text(said)
    (heads / "dir").mkdir()

    assert {
        refs.find(here, name)
        for name in ("out", "config", "round", "short", "noise", "dir", "config")
    } == {""}
    (heads / "link").symlink_to(secret)
    with pytest.raises(OSError, match="links"):
        refs.find(here, "link")
