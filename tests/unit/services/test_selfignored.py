import asyncio
import time
from pathlib import Path

import pytest

from pmrunnerd.services import selfignored
from tests.unit.services.parts import git, hands, repository

RULES = ("*", ".gitignore\nx", "/.*")


def _rule(path: Path, text: str = "*") -> None:
    path.mkdir(parents=True)
    (path / ".gitignore").write_text(f"{text}\n")
    (path / "x").touch()


def _found(here: Path, since: float = 0.0) -> list[str]:
    return asyncio.run(selfignored.find(hands(here), since))


def test_rules_that_were_there_before_or_that_others_ignore_are_none(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    _rule(here / "mine")
    _rule(here / "ignored/deep")

    assert _found(here, time.time() + 60) == []
    assert _found(here) == ["mine/.gitignore"]


@pytest.mark.parametrize("says", ["CACHEDIR.TAG", "pyvenv.cfg"])
def test_those_of_a_cache_that_says_so_are_none(tmp_path: Path, says: str) -> None:
    here = repository(tmp_path / "w")
    _rule(here / ".cache")
    assert _found(here) == [".cache/.gitignore"]

    (here / ".cache" / says).touch()
    assert _found(here) == []


@pytest.mark.parametrize("text", RULES)
@pytest.mark.parametrize("name", ["src", "a\nb", ":(top)x", "a b/*/c"])
def test_they_are_found_kept_and_taken_out(tmp_path: Path, name: str, text: str) -> None:
    here = repository(tmp_path / "w")
    _rule(here / name, text)
    hand, found = hands(here), _found(here)
    assert found == [f"{name}/.gitignore"]

    asyncio.run(selfignored.add(hand, found, ".git/another"))
    asyncio.run(selfignored.remove(hand, found))
    assert asyncio.run(hand("ls-files", "-z", index=".git/another")) == f"{found[0]}\0"
    assert not (here / found[0]).exists()
    assert (here / name / "x").exists()
    assert git(here, "ls-files", "--cached") == ".gitignore\nkept.txt\n"
