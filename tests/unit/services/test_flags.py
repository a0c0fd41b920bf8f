import asyncio
from pathlib import Path

import pytest

from pmrunnerd.services import flags
from tests.unit.services.parts import git, hands, repository


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
def test_what_is_there_and_kept_from_git_is_found_and_shown(tmp_path: Path, flag: str) -> None:
    here = repository(tmp_path / "w")
    odd = "new\nline"
    (here / odd).touch()
    git(here, "add", "--all")
    git(here, "update-index", flag, odd, "kept.txt")
    assert sorted(asyncio.run(flags.hidden(hands(here)))) == sorted([odd, "kept.txt"])

    asyncio.run(flags.show(hands(here)))
    assert asyncio.run(flags.hidden(hands(here))) == []


def test_what_a_sparse_checkout_left_out_is_in_order(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    git(here, "update-index", "--skip-worktree", "kept.txt")
    (here / "kept.txt").unlink()

    assert asyncio.run(flags.hidden(hands(here))) == []
