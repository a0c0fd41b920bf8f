"""Root's side of a rehearsal, where there is no service manager; tests/integration/test_rehearsal.py has whole ones."""

import asyncio
from pathlib import Path

import pytest

from pmrunnerd.model.errors import PmError, Unavailable
from pmrunnerd.services.promotion.rehearsal import rehearse
from pmrunnerd.services.releases.shelf import Shelf


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with a state, and without any release."""
    for directory in ("state/journal", "place", "opt/pm-runner/prod", "etc/pm-runner"):
        (tmp_path / directory).mkdir(parents=True)
    return tmp_path


def rehearsed(root: Path) -> tuple[str, ...]:
    shelf = Shelf(root, "prod")
    return asyncio.run(rehearse(shelf, "prod", "1-b", root / "state", root / "place"))


def test_without_a_state_nothing_is_said_to_be_well(root: Path) -> None:
    (root / "state/journal").rmdir()

    with pytest.raises(FileNotFoundError):
        rehearsed(root)

    assert list((root / "place").iterdir()) == []


def test_without_a_release_that_runs_it_is_said_why(root: Path) -> None:
    with pytest.raises(PmError, match=r"cannot rehearse: .*there is no release"):
        rehearsed(root)

    assert list((root / "place").iterdir()) == []


def test_a_configuration_that_is_no_file_is_not_taken_for_an_empty_one(root: Path) -> None:
    (root / "etc/pm-runner/prod.toml").mkdir()

    with pytest.raises(Unavailable, match=r"cannot rehearse: prod\.toml is no file"):
        rehearsed(root)


def test_what_a_rehearsal_that_was_killed_has_left_is_gone_and_nothing_beside_it(
    root: Path,
) -> None:
    (root / "place/rehearsal/state").mkdir(parents=True)
    (root / "place/rehearsal/link").symlink_to(root / "etc")

    with pytest.raises(PmError, match="there is no release"):
        rehearsed(root)

    assert list((root / "place").iterdir()) == []
    assert (root / "etc/pm-runner").is_dir()
