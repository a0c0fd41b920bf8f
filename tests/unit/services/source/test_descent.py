import os
from pathlib import Path

import pytest

from pmrunnerd.services.source.descent import DIRECTORY, Descent
from tests.unit.services.parts import descriptors


def test_it_comes_back_to_where_it_went_down_with_one_file_open(tmp_path: Path) -> None:
    before = descriptors()
    descent = Descent(os.open(tmp_path, DIRECTORY))
    old = os.umask(0o077)
    try:
        for _ in range(50):
            descent.make("d")
    finally:
        os.umask(old)
    assert len(descriptors() - before) == 1
    for _ in range(50):
        descent.leave()
    assert os.path.samestat(os.fstat(descent.here), tmp_path.stat())
    assert (tmp_path / "d/d").stat().st_mode & 0o777 == 0o755
    descent.close()

    assert descriptors() == before


def test_a_link_is_not_gone_through_and_a_directory_not_made_twice(tmp_path: Path) -> None:
    (tmp_path / "l").symlink_to("/etc")
    (tmp_path / "d").mkdir()
    descent = Descent(os.open(tmp_path, DIRECTORY))
    with pytest.raises(OSError, match=r"directory|links"):
        descent.enter("l")
    for name in ("l", "d"):
        with pytest.raises(FileExistsError):
            descent.make(name)
    descent.close()


def test_above_a_directory_that_was_moved_nothing_is_done(tmp_path: Path) -> None:
    (tmp_path / "top/d").mkdir(parents=True)
    (tmp_path / "other").mkdir()
    descent = Descent(os.open(tmp_path / "top", DIRECTORY))
    descent.enter("d")
    (tmp_path / "top/d").rename(tmp_path / "other/d")
    with pytest.raises(OSError, match="moved"):
        descent.leave()
    descent.close()
