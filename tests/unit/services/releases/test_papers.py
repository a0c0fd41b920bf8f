import os
from pathlib import Path

import pytest
from msgspec import structs

from pmrunnerd.rules.proof.found import Papers
from pmrunnerd.services.releases import papers
from pmrunnerd.services.releases.papers import BadBundle
from tests.unit.services.releases.made import Made


def test_what_is_no_file_is_not_read_and_is_told(tmp_path: Path) -> None:
    (tmp_path / "directory").mkdir()
    (tmp_path / "link").symlink_to("/etc/shadow")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "large").write_bytes(bytes(2 << 20))

    assert papers.paper(tmp_path / "none") is None
    assert papers.paper(tmp_path / "directory") == "directory is no file"
    assert papers.paper(tmp_path / "pipe") == "pipe is no file"
    assert papers.paper(tmp_path / "large", 1 << 20) == "large has more than 1 MiB"
    assert str(papers.paper(tmp_path / "link")).startswith("link cannot be read: ")


def test_what_lies_beside_a_release_is_read(tmp_path: Path) -> None:
    made = Made(tmp_path)
    found = papers.beside(made.release)

    assert (found.manifest, found.statement) == (made.listing, None)


def test_a_bundle_is_read_as_it_was_written(tmp_path: Path) -> None:
    made = Made(tmp_path)
    made.sign()
    found = papers.beside(made.release)

    assert papers.unbundled(papers.bundled("x", "prod", found)) == ("x", "prod", found)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (None, "there is no such file"),
        ("bundle is no file", "bundle is no file"),
        (b"", "it is no bundle"),
        (b"[" * 99_999, "it is no bundle"),
        (b"{}", "it is no bundle"),
        (b'{"format":2,"name":"x","environment":"prod","release":"","manifest":""}', "format 2"),
        (b'{"name":"x","environment":"prod","release":"!","manifest":""}', "it is no bundle"),
    ],
)
def test_what_is_no_bundle_says_why(data: bytes | str | None, why: str) -> None:
    with pytest.raises(BadBundle, match=why):
        papers.unbundled(data)


def test_what_cannot_be_read_goes_into_no_bundle(tmp_path: Path) -> None:
    found = papers.beside(Made(tmp_path).release)

    with pytest.raises(BadBundle, match="no list of its files"):
        papers.bundled("x", "prod", Papers())
    with pytest.raises(BadBundle, match=r"gates\.json is no file"):
        papers.bundled("x", "prod", structs.replace(found, gates="gates.json is no file"))
