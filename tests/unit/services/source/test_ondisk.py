import os
from pathlib import Path

import pytest

from pmrunnerd.model.errors import Refused
from pmrunnerd.services.source import ondisk
from tests.unit.rules.source.test_digest import CONTENTS
from tests.unit.services.parts import descriptors


def test_what_lies_on_the_disk_has_the_digest_that_the_package_has_for_it(tmp_path: Path) -> None:
    (tmp_path / "d/e").mkdir(parents=True)
    (tmp_path / "d/e/f").write_bytes(b"x" * 3_000_000)
    (tmp_path / "d.txt").write_text("y")
    (tmp_path / "d/run").touch(0o755)
    (tmp_path / "d/out").symlink_to("/nowhere")
    (tmp_path / "to").symlink_to("d")
    before = descriptors()
    found = ondisk.measure(tmp_path)

    there = CONTENTS.contents(tmp_path)
    assert (found.value(), found.files, found.bytes) == (there.digest, there.files, there.bytes)
    assert descriptors() == before


def test_what_no_source_has_is_refused_by_name(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(Refused, match="pipe for a source: it is neither a file nor a link"):
        ondisk.measure(tmp_path)
    (tmp_path / "pipe").rename(tmp_path / ".git")
    with pytest.raises(Refused, match="git would take it for a repository"):
        ondisk.measure(tmp_path)


def test_a_directory_that_is_a_link_is_not_looked_into(tmp_path: Path) -> None:
    (tmp_path / "l").symlink_to(tmp_path)
    with pytest.raises(OSError, match=r"directory|links"):
        ondisk.measure(tmp_path / "l")
