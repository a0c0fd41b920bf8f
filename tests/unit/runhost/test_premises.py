"""Where a run works, and what nobody in there may see."""

from pathlib import Path

import pytest

from pmrunnerd.runhost.premises import private, workspace
from pmrunnerd.services.holding import Held
from tests.unit.services.parts import spec


def test_a_workspace_that_is_not_there_holds_the_run(tmp_path: Path) -> None:
    with pytest.raises(Held, match="it is not there"):
        workspace(spec(tmp_path / "gone"))


def test_what_is_a_link_by_now_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "link").symlink_to("other")

    with pytest.raises(Held, match=f"it is a link now: {tmp_path}/other"):
        workspace(spec(tmp_path / "link"))


def test_a_circle_of_links_is_told(tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("one")

    with pytest.raises(Held, match="cannot work in"):
        workspace(spec(tmp_path / "one"))


def test_the_directory_that_was_registered_is_worked_in(tmp_path: Path) -> None:
    assert workspace(spec(tmp_path)) == tmp_path


def test_of_a_state_directory_all_is_private_and_of_another_place_what_lies_in_it(
    tmp_path: Path,
) -> None:
    assert private(tmp_path / "state/runs/r1") == (tmp_path / "state",)
    assert private(tmp_path / "elsewhere/r1") == (tmp_path / "elsewhere",)
