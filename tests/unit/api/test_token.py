from pathlib import Path

import pytest

from pmrunnerd.api.token import FILE, token
from pmrunnerd.store.durable import Disk


def test_a_token_is_kept(tmp_path: Path) -> None:
    first = token(tmp_path, Disk())
    assert token(tmp_path, Disk()) == first
    assert (tmp_path / FILE).read_text() == f"{first}\n"


@pytest.mark.parametrize("content", [b"", b"short\n", b"\xff" * 64])
def test_what_is_no_token_is_replaced(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    (tmp_path / FILE).chmod(0o600)
    assert len(token(tmp_path, Disk())) >= 43


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_one_that_others_could_see_or_set_is_replaced(tmp_path: Path, mode: int) -> None:
    first = token(tmp_path, Disk())
    (tmp_path / FILE).chmod(mode)
    assert token(tmp_path, Disk()) != first


def test_a_link_to_somewhere_else_is_not_believed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("x" * 64)
    elsewhere.chmod(0o600)
    (tmp_path / FILE).symlink_to(elsewhere)
    assert token(tmp_path, Disk()) != "x" * 64
    assert elsewhere.read_text() == "x" * 64
