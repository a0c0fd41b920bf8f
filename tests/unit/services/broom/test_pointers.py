import os
from pathlib import Path

import pytest

from pmrunnerd.services.broom import pointers


def _leads(path: Path) -> str | None:
    file = os.open(path, os.O_RDONLY)
    try:
        found = pointers.leads(file, os.fsencode(path.parent))
    finally:
        os.close(file)
    return found if found is None else os.fsdecode(found)


@pytest.mark.parametrize("content", [b"", b"gitdir:x", b" gitdir: x", b"junk", b"\ngitdir: x"])
def test_what_git_would_not_follow_leads_nowhere(tmp_path: Path, content: bytes) -> None:
    (tmp_path / ".git").write_bytes(content)

    assert _leads(tmp_path / ".git") is None


def test_a_directory_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()

    assert _leads(tmp_path / ".git") is None


@pytest.mark.parametrize(
    ("to", "where"),
    [
        (b"../x\n", "{0}/x"),
        (b"../x\r\n\r\n", "{0}/x"),
        (b"/x/y", "/x/y"),
        (b"a\0/../b", "{0}/here/a"),
        (b"../link/x", "{0}/real/x"),
        (b"../round", "{0}/round"),
        (b"\xff ", "{0}/here/" + os.fsdecode(b"\xff ")),
    ],
)
def test_it_leads_where_git_goes_whatever_its_bytes(tmp_path: Path, to: bytes, where: str) -> None:
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "round").symlink_to("round")
    (tmp_path / "here").mkdir()
    (tmp_path / "here/.git").write_bytes(b"gitdir: " + to)

    assert _leads(tmp_path / "here/.git") == where.format(tmp_path.resolve())
