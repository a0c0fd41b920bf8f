import gzip
import io
import os
import shutil
import tarfile
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest

from pmrunnerd.model.errors import NotFound, Unavailable
from pmrunnerd.model.upkeep import Archived
from pmrunnerd.store.backup import MANIFEST, PIECE, Origin, backup, pack
from pmrunnerd.store.durable import Disk
from tests.unit.store.damage import COMMITS, messages, segments, state
from tests.unit.store.parts import AT, RELEASE, opened, said


def archive(directory: Path) -> tuple[Archived, bytes]:
    out = io.BytesIO()
    return backup(Disk(), directory, out, Origin(AT, RELEASE)), out.getvalue()


def unpacked(data: bytes, to: Path) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        # Python before 3.11.4 has no filters.
        tar.extraction_filter = getattr(tarfile, "data_filter", None)
        tar.extractall(to)  # noqa: S202 - it is of our own making
        return tar.getnames()


def test_where_there_is_no_state_there_is_no_archive(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        archive(tmp_path)


def test_secrets_are_left_out_and_listed(tmp_path: Path) -> None:
    directory = state(tmp_path)
    (directory / "web.token").write_text("hush")
    (directory / "secrets").mkdir()
    (directory / "secrets" / "claude.json").write_text("hush")
    found, data = archive(tmp_path)
    names = unpacked(data, tmp_path / "out")

    whys = {one.name: one.why for one in found.excluded}
    assert whys["web.token"] == whys["secrets"] == "it is secret"
    assert not [name for name in names if "token" in name or "lock" in name or "secret" in name]
    assert b"hush" not in gzip.decompress(data)


def test_an_errand_under_way_is_in_no_archive_nor_is_its_secret(tmp_path: Path) -> None:
    errand = state(tmp_path) / "runs" / "keeplogin-7-0123abcd"
    errand.mkdir(parents=True)
    (errand / "secret").write_text("hush")
    _, data = archive(tmp_path)

    assert b"hush" not in gzip.decompress(data)
    assert b"keeplogin" not in gzip.decompress(data)


def test_links_and_pipes_are_neither_followed_nor_waited_for(tmp_path: Path) -> None:
    runs = state(tmp_path) / "runs" / "r1"
    runs.mkdir(parents=True)
    (runs / "link").symlink_to("/etc/passwd")
    (runs / "directory").symlink_to("/etc")
    os.mkfifo(runs / "pipe")
    (runs / "spec.json").write_text("{}")
    found, _ = archive(tmp_path)

    assert [one.name for one in found.members if one.name.startswith("runs")] == [
        "runs/r1/spec.json"
    ]
    assert {"runs/r1/link", "runs/r1/directory", "runs/r1/pipe"} <= {
        one.name for one in found.excluded
    }


def test_taken_while_it_is_written_it_opens_with_all_that_was_durable(tmp_path: Path) -> None:
    with opened(state(tmp_path / "state")) as store:
        store.commit(said(11))
        store.flush()
        _, data = archive(tmp_path / "state")
    unpacked(data, tmp_path / "out")

    assert messages(tmp_path / "out") == {f"m{count}" for count in range(2, COMMITS + 2)}


def test_half_a_line_at_the_end_is_cut(tmp_path: Path) -> None:
    path = segments(state(tmp_path / "state"))[-1]
    whole = path.read_bytes()
    path.write_bytes(whole + b'["0123')
    unpacked(archive(tmp_path / "state")[1], tmp_path / "out")

    assert (tmp_path / "out" / "journal" / path.name).read_bytes() == whole


def test_the_manifest_is_last_and_its_digests_are_those_of_the_files(tmp_path: Path) -> None:
    found, data = archive(state(tmp_path / "state"))
    names = unpacked(data, tmp_path / "out")

    assert names[-1] == MANIFEST
    assert msgspec.json.decode((tmp_path / "out" / MANIFEST).read_bytes(), type=Archived) == found
    for member in found.members:
        content = (tmp_path / "out" / member.name).read_bytes()
        assert (member.size, member.sha256) == (len(content), sha256(content).hexdigest())


def test_states_that_a_restore_set_aside_are_left_out_and_what_a_repair_kept_is_not(
    tmp_path: Path,
) -> None:
    aside = state(tmp_path / "state") / "set-aside"
    for name in ("1-before-restore", "1-before-restore-2", "1-before-repair"):
        (aside / name / "journal").mkdir(parents=True)
        (aside / name / "journal" / "00000001.jsonl").write_text("x")
    found, _ = archive(tmp_path / "state")

    names = [one.name for one in found.members if one.name.startswith("set-aside")]
    assert names == ["set-aside/1-before-repair/journal/00000001.jsonl"]
    left = {one.name for one in found.excluded if one.why == "a state that was set aside"}
    assert left == {"set-aside/1-before-restore", "set-aside/1-before-restore-2"}


def test_runs_that_lie_elsewhere_are_found_and_what_is_another_user_s_is_left_out(
    tmp_path: Path,
) -> None:
    class Closed(Disk):
        """Lets nobody into what is private of another user."""

        def names(self, directory: Path) -> list[str]:
            if directory.name == "agent":
                raise PermissionError
            return super().names(directory)

        def open(self, path: Path, how: str = "there", mode: int = 0o600) -> int:
            if path.name == "private":
                raise PermissionError
            return super().open(path, how, mode)

    directory = state(tmp_path)
    run = tmp_path / "elsewhere" / "r1"
    (run / "agent").mkdir(parents=True)
    for name in ("events.jsonl", "private", "agent/session"):
        (run / name).write_text("{}")
    (directory / "runs").symlink_to(run.parent)
    out = io.BytesIO()
    found = backup(Closed(), directory, out, Origin(AT, RELEASE))

    names = unpacked(out.getvalue(), tmp_path / "out")
    assert [name for name in names if name.startswith("runs")] == ["runs/r1/events.jsonl"]
    whys = {one.name: one.why for one in found.excluded}
    theirs = "another user's, who alone can read it"
    assert (whys["runs/r1/private"], whys["runs/r1/agent"]) == (theirs, theirs)


def test_a_name_that_is_no_text_is_left_out_and_said_to_be(tmp_path: Path) -> None:
    runs = state(tmp_path / "state") / "runs"
    runs.mkdir()
    (runs / os.fsdecode(b"caf\xe9")).write_text("x")
    found, _ = archive(tmp_path / "state")

    assert ("runs/caf\ufffd", "its name is not UTF-8") in [(e.name, e.why) for e in found.excluded]


def test_a_file_that_becomes_shorter_meanwhile_makes_no_archive(tmp_path: Path) -> None:
    runs = state(tmp_path / "state") / "runs"
    runs.mkdir()
    (runs / "log").write_bytes(b"x" * 100)

    class Shrinking(Disk):
        def size(self, file: int) -> int:
            return super().size(file) + 50 if os.fstat(file).st_size == 100 else super().size(file)

    with pytest.raises(Unavailable, match="became shorter"):
        backup(Shrinking(), tmp_path / "state", io.BytesIO(), Origin(AT, RELEASE))


def test_it_comes_in_pieces_that_do_not_grow_with_the_state(tmp_path: Path) -> None:
    runs = state(tmp_path / "state") / "runs"
    runs.mkdir()
    (runs / "log").write_bytes(os.urandom(3 * PIECE))
    sizes = [len(piece) for piece in pack(Disk(), tmp_path / "state", Origin(AT, RELEASE))]

    assert len(sizes) >= 3
    assert max(sizes) < 3 * PIECE


class Pruning(Disk):
    """Lets go of run r2 at the moment at which it is looked into, or its file is opened."""

    def __init__(self, run: Path, *, looked_into: bool) -> None:
        self._run, self._looked_into = run, looked_into

    def names(self, directory: Path) -> list[str]:
        if self._looked_into and directory == self._run:
            shutil.rmtree(directory)
        return super().names(directory)

    def open(self, path: Path, how: str = "there", mode: int = 0o600) -> int:
        if not self._looked_into and path.parent == self._run:
            shutil.rmtree(path.parent)
        return super().open(path, how, mode)


@pytest.mark.parametrize("looked_into", [True, False])
def test_a_run_that_is_let_go_meanwhile_is_left_out_and_all_the_rest_is_there(
    tmp_path: Path, *, looked_into: bool
) -> None:
    runs = state(tmp_path) / "runs"
    for run in ("r1", "r2", "r3"):
        (runs / run).mkdir(parents=True)
        (runs / run / "events.jsonl").write_text("{}\n")
    out, disk = io.BytesIO(), Pruning(runs / "r2", looked_into=looked_into)
    found = backup(disk, tmp_path, out, Origin(AT, RELEASE))

    assert [one.name for one in found.members if one.name.startswith("runs")] == [
        "runs/r1/events.jsonl",
        "runs/r3/events.jsonl",
    ]
    assert not (runs / "r2").exists()
    names = unpacked(out.getvalue(), tmp_path / "out")
    assert names == [one.name for one in found.members] + [MANIFEST]
    gone = {one.name: one.why for one in found.excluded}.get("runs/r2/events.jsonl")
    assert gone == (None if looked_into else "it was deleted meanwhile")
