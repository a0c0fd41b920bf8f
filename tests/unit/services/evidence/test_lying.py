import os
import socket
from pathlib import Path

import pytest

from pmrunnerd.model.errors import Conflict, Refused
from pmrunnerd.model.evidence import LIMIT, NAME, Found, Lying
from pmrunnerd.services.evidence.lying import fingerprint, look, write


def put(directory: Path, kind: str) -> None:
    path = directory / NAME
    match kind:
        case "directory":
            path.mkdir()
        case "link":
            path.symlink_to("/etc/hostname")
        case "link to nothing":
            path.symlink_to("gone")
        case "pipe":
            os.mkfifo(path)
        case "too large":
            path.touch()
            os.truncate(path, 100 << 20)
        case "file":
            path.write_bytes(b"x\0\xff")


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        ("nothing", Found(lying=Lying.MISSING)),
        ("directory", Found(lying=Lying.DIRECTORY)),
        ("link", Found(lying=Lying.LINK)),
        ("link to nothing", Found(lying=Lying.LINK)),
        ("pipe", Found(lying=Lying.SOMETHING)),
        ("too large", Found(lying=Lying.TOO_LARGE, size=100 << 20)),
        ("file", Found(lying=Lying.FILE, data=b"x\0\xff", size=3)),
    ],
)
def test_whatever_lies_there_is_told_and_nothing_is_followed_or_waited_for(
    tmp_path: Path, kind: str, found: Found
) -> None:
    put(tmp_path, kind)

    assert look(tmp_path) == found


def test_a_socket_is_something_and_a_file_of_just_the_limit_is_read(tmp_path: Path) -> None:
    here = Path.cwd()
    os.chdir(tmp_path)
    try:
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(NAME)
            assert look(tmp_path).lying is Lying.SOMETHING
    finally:
        os.chdir(here)
    (tmp_path / NAME).unlink()
    (tmp_path / NAME).write_bytes(b"x" * LIMIT)
    assert look(tmp_path).lying is Lying.FILE


@pytest.mark.parametrize("kind", ["nothing", "file"])
def test_a_text_takes_the_place_of_what_somebody_saw(tmp_path: Path, kind: str) -> None:
    put(tmp_path, kind)
    write(tmp_path, "new ü\n", fingerprint(look(tmp_path)))

    assert (tmp_path / NAME).read_text() == "new ü\n"
    assert [one.name for one in tmp_path.iterdir()] == [NAME]


def test_what_somebody_wrote_meanwhile_stays(tmp_path: Path) -> None:
    seen = fingerprint(look(tmp_path))
    (tmp_path / NAME).write_text("theirs")
    with pytest.raises(Conflict, match="somebody has changed it meanwhile"):
        write(tmp_path, "mine", seen)

    assert (tmp_path / NAME).read_text() == "theirs"
    assert [one.name for one in tmp_path.iterdir()] == [NAME]


@pytest.mark.parametrize("kind", ["directory", "link", "link to nothing", "pipe", "too large"])
def test_what_is_no_file_that_can_be_read_is_not_replaced(tmp_path: Path, kind: str) -> None:
    put(tmp_path, kind)
    with pytest.raises(Refused, match="is no file that can be read"):
        write(tmp_path, "mine", "")

    assert [one.name for one in tmp_path.iterdir()] == [NAME]
