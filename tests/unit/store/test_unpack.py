import gzip
import io
import random
import tarfile
from pathlib import Path

import pytest

from pmrunnerd.model.errors import PmError, Unavailable
from pmrunnerd.model.upkeep import Archived
from pmrunnerd.store import unpack as unpacking
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.failures import BadArchive, TooNew
from pmrunnerd.store.unpack import unpack
from tests.unit.store.archives import archived, contents, last, packed, plain, taped
from tests.unit.store.damage import state

ONE = {"journal/00000001.jsonl": b"one\n", "runs/r1/spec.json": b"{}"}


def opened(archive: bytes, to: Path) -> Archived:
    to.mkdir(exist_ok=True)
    return unpack(Disk(), io.BytesIO(archive), to)


def test_what_was_backed_up_comes_out_byte_for_byte(tmp_path: Path) -> None:
    runs = state(tmp_path / "state") / "runs" / "r1"
    runs.mkdir(parents=True)
    (runs / "spec.json").write_text("{}")
    (runs / ("long-" * 40)).write_text("a name of 200 characters")
    archive = archived(tmp_path / "state")
    found = opened(archive, tmp_path / "out")

    files = {
        str(path.relative_to(tmp_path / "out")): path for path in (tmp_path / "out").rglob("*")
    }
    assert {n: p.read_bytes() for n, p in files.items() if p.is_file()} == contents(archive)
    assert len(found.members) == len(contents(archive))
    assert {path.stat().st_mode & 0o777 for path in files.values() if path.is_file()} == {0o600}


@pytest.mark.parametrize(
    "name",
    [
        "/etc/cron.d/evil",
        "../evil",
        "runs/../../evil",
        "runs/./evil",
        "runs//evil",
        "./runs/evil",
        "journal/evil",
        "journal/00000001.jsonl/evil",
        "lock",
        "web.token",
        "runs",
        "runs/" + "deep/" * 40 + "evil",
        "",
    ],
)
def test_no_name_leads_anywhere_but_into_a_state(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadArchive, match="no file of a state"):
        opened(packed({name: b"evil"}), tmp_path / "out")
    assert not list(tmp_path.rglob("*evil*"))


@pytest.mark.parametrize(
    "kind",
    [
        tarfile.SYMTYPE,
        tarfile.LNKTYPE,
        tarfile.CHRTYPE,
        tarfile.BLKTYPE,
        tarfile.FIFOTYPE,
        tarfile.DIRTYPE,
        tarfile.GNUTYPE_SPARSE,
    ],
)
def test_what_is_no_regular_file_is_refused(tmp_path: Path, kind: bytes) -> None:
    info = tarfile.TarInfo("runs/r1/evil")
    info.type, info.linkname = kind, "/etc/passwd"
    with pytest.raises(BadArchive, match="not a regular file"):
        opened(taped([(info, b""), last({})]), tmp_path / "out")
    assert not list(tmp_path.rglob("*evil*"))


@pytest.mark.parametrize(
    "names",
    [("runs/a", "runs/a"), ("runs/a", "runs/a/b"), ("runs/a/b", "runs/a")],
)
def test_two_that_want_one_place_are_refused(tmp_path: Path, names: tuple[str, str]) -> None:
    with pytest.raises(BadArchive, match="in it twice"):
        opened(taped([*map(plain, names), last({})]), tmp_path / "out")


def test_two_manifests_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadArchive, match="in it twice"):
        opened(taped([last({}), last({})]), tmp_path / "out")


def test_without_its_manifest_an_archive_is_not_whole(tmp_path: Path) -> None:
    with pytest.raises(BadArchive, match="no manifest"):
        opened(taped([plain("runs/a")]), tmp_path / "out")


@pytest.mark.parametrize(
    "files",
    [
        ONE | {"runs/r1/spec.json": b"[]"},
        ONE | {"runs/r2/spec.json": b"{}"},
        {"runs/r1/spec.json": b"{}"},
    ],
)
def test_what_the_manifest_does_not_say_is_refused(tmp_path: Path, files: dict[str, bytes]) -> None:
    members = [plain(name, data) for name, data in files.items()]
    with pytest.raises(BadArchive, match="not as the manifest says"):
        opened(taped([*members, last(ONE)]), tmp_path / "out")


def test_a_manifest_that_is_none_is_refused(tmp_path: Path) -> None:
    for raw in (b"", b"\xff", b"{}", b'{"format":1}', b"[" * 100_000):
        with pytest.raises(BadArchive, match="manifest is malformed"):
            opened(taped([plain("manifest.json", raw)]), tmp_path / "out")


def test_a_format_of_a_newer_release_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(TooNew, match="format 2"):
        opened(packed({}, format=2, members="something else"), tmp_path / "out")


@pytest.mark.parametrize("raw", [b"", b"hello", b"\0" * 10_240, gzip.compress(b"hello", mtime=0)])
def test_what_is_no_archive_is_told_as_such(tmp_path: Path, raw: bytes) -> None:
    with pytest.raises(BadArchive, match=r"the archive: it is no gzip'd tar of a state$"):
        opened(raw, tmp_path / "out")


def test_what_was_one_and_has_changed_is_told_to_be_damaged(tmp_path: Path) -> None:
    archive = bytearray(packed(ONE))
    archive[-8] ^= 1  # its checksum
    with pytest.raises(BadArchive, match=r"the archive: it is damaged$"):
        opened(bytes(archive), tmp_path / "out")


def test_cut_anywhere_it_is_refused(tmp_path: Path) -> None:
    archive = archived(state(tmp_path / "state"))
    for size in range(len(archive)):
        with pytest.raises(BadArchive):
            opened(archive[:size], tmp_path / f"out-{size}")


def test_flipped_anywhere_it_is_refused_or_nothing_of_it_is_different(tmp_path: Path) -> None:
    archive = packed(ONE)
    content = gzip.decompress(archive)
    for at in range(len(archive)):
        flipped = archive[:at] + bytes([archive[at] ^ 1 << at % 8]) + archive[at + 1 :]
        out = tmp_path / f"out-{at}"
        try:
            opened(flipped, out)
        except BadArchive:
            continue
        # When it was packed and where; and one copy of zeros in the place of another.
        assert gzip.decompress(flipped) == content
        assert {name: (out / name).read_bytes() for name in ONE} == ONE


def test_rubbish_inside_is_refused_in_words_whatever_it_is(tmp_path: Path) -> None:
    chance = random.Random(3)
    plain_tar = bytearray(gzip.decompress(packed(ONE)))
    for trial in range(300):
        damaged = plain_tar.copy()
        for _ in range(chance.randint(1, 8)):
            damaged[chance.randrange(2048)] = chance.choice([0, 0x80, 0xFF, *b"0x7L/SKg"])
        # So that it is the content of a header which is wrong, and not its sum.
        for start in (0, 1024):
            block = damaged[start : start + 512]
            block[148:156] = b" " * 8
            damaged[start + 148 : start + 156] = b"%06o\0 " % sum(block)
        try:
            opened(gzip.compress(bytes(damaged), 1), tmp_path / f"out-{trial}")
        except PmError:
            continue


def test_a_header_without_end_costs_no_memory(tmp_path: Path) -> None:
    info = tarfile.TarInfo("long")
    info.type, info.size = tarfile.XHDTYPE, 1 << 30
    endless = gzip.compress(info.tobuf() + b"\0" * (8 << 20), 1)
    with pytest.raises(BadArchive, match="more than it says"):
        opened(endless, tmp_path / "out")


def test_what_follows_the_end_is_not_unpacked_without_end(tmp_path: Path) -> None:
    with pytest.raises(BadArchive, match="more than it says"):
        opened(packed(ONE) + gzip.compress(b"\0" * (8 << 20), 1), tmp_path / "out")


def test_for_what_the_disk_has_no_room_nothing_is_written(tmp_path: Path) -> None:
    class Small(Disk):
        def free(self, directory: Path) -> int:
            del directory
            return unpacking.RESERVE + (64 << 10)

    bomb = packed({"journal/00000001.jsonl": b"\0" * (1 << 20)})
    assert len(bomb) < 10_000
    (tmp_path / "out").mkdir()
    with pytest.raises(Unavailable, match="no room"):
        unpack(Small(), io.BytesIO(bomb), tmp_path / "out")
    assert not [path for path in (tmp_path / "out").rglob("*") if path.is_file()]


def test_more_files_than_a_state_has_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacking, "MEMBERS", 3)
    with pytest.raises(BadArchive, match="more than 3 files"):
        opened(packed({f"runs/{n}": b"" for n in range(9)}), tmp_path / "out")
