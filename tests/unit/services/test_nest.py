import asyncio
from pathlib import Path

import pytest

from pmrunnerd.model.errors import Unavailable
from pmrunnerd.services import nest, process


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "nest").symlink_to(tmp_path / "there")
    with pytest.raises(OSError, match="symbolic link"):
        nest.clear(tmp_path / "nest")
    assert (tmp_path / "there").is_dir()


def test_where_no_repository_can_be_made_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(nest._ENV, "PATH", str(tmp_path))
    assert process.PATH not in nest._ENV.values()
    with pytest.raises(Unavailable, match=r"cannot make .*nest: "):
        asyncio.run(nest.make(tmp_path / "nest"))


def test_one_has_a_commit_and_nothing_in_it(tmp_path: Path) -> None:
    asyncio.run(nest.make(tmp_path / "nest"))
    assert [one.name for one in (tmp_path / "nest").iterdir()] == [".git"]
    nest.clear(tmp_path / "nest")
    nest.clear(tmp_path / "nest")
    assert list(tmp_path.iterdir()) == []
