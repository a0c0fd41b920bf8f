"""Which release a daemon says that it is: an operator tells two of one version apart by it."""

import json
from pathlib import Path

import pytest

from pmrunnerd import __version__
from pmrunnerd.release import RELEASE, level_before, release_of

CHECKOUT = f"{__version__}+checkout"


def beside(top: Path, text: str) -> Path:
    """Make what stands above a package, with that in its `release.json`; return the package."""
    package = top / "lib" / "pmrunnerd"
    package.mkdir(parents=True)
    (top / "release.json").write_text(text)
    return package


def test_what_is_written_can_be_read_by_the_release_that_would_come_back(tmp_path: Path) -> None:
    package = beside(tmp_path / "releases/0.2.0-4f2a", '{"id": "0.2.0-4f2a", "level": 3}')
    before = tmp_path / "releases/0.1.0-aaaa/release.json"
    before.parent.mkdir()
    assert level_before(package) is None

    (tmp_path / "previous").symlink_to("releases/0.1.0-aaaa")
    for text, level in (('{"level": 2}', 2), ('{"level": 0}', 1), ("{", None), ("[]", None)):
        before.write_text(text)
        assert level_before(package) == level

    before.write_text('{"level": 2}')
    assert level_before(beside(tmp_path / "elsewhere", "{}")) is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"id": ""}', '{"id": "0.1.0-other"}'])
def test_what_no_builder_wrote_for_it_makes_it_no_release(tmp_path: Path, text: str) -> None:
    assert release_of(beside(tmp_path / "0.1.0-4f2a", text)) == CHECKOUT


def test_a_checkout_says_that_it_is_one(tmp_path: Path) -> None:
    assert release_of(tmp_path / "pmrunnerd") == CHECKOUT
    assert RELEASE == CHECKOUT


def test_a_release_has_the_name_that_its_builder_gave_it(tmp_path: Path) -> None:
    package = beside(tmp_path / "0.1.0-4f2a", json.dumps({"id": "0.1.0-4f2a"}))

    assert release_of(package) == "0.1.0-4f2a"
