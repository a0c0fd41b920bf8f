import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec import structs

from pmrunnerctl.archives import draw_backed_up
from pmrunnerd.model import protocol as p
from pmrunnerd.model.upkeep import BackedUp, Excluded, Piece, Uploaded
from tests.fakes.daemon import HANG_UP, FakeDaemon, Stream
from tests.unit.pmrunnerctl import samples
from tests.unit.pmrunnerctl.conftest import Ctl, Paper, environment
from tests.unit.store.archives import archived
from tests.unit.store.damage import messages, state
from tests.unit.store.parts import AT, RESTORED


def test_a_backup_lists_what_is_not_in_it_and_replaces_nothing(ctl: Ctl, tmp_path: Path) -> None:
    (state(tmp_path / "state") / "web.token").write_text("hush")
    words = ("state", "backup", "--state-dir", str(tmp_path / "state"), str(tmp_path / "a.tgz"))
    done, again = ctl(*words), ctl(*words)

    assert done.status == 0
    assert "not in it: web.token (it is secret)" in done.out
    assert again.status == 4
    assert "it is there already" in again.err
    assert ctl(*words, "--force").status == 0


def test_without_a_daemon_a_pipe_is_not_replaced_either(ctl: Ctl, tmp_path: Path) -> None:
    state(tmp_path / "state")
    os.mkfifo(tmp_path / "pipe")
    words = ("state", "backup", "--state-dir", str(tmp_path / "state"), str(tmp_path / "pipe"))
    refused = ctl(*words, "--force")

    assert refused.status == 4
    assert refused.err.splitlines()[0].endswith("/pipe: it is there, and is no file")
    assert (tmp_path / "pipe").is_fifo()


def test_what_is_left_out_for_one_reason_is_named_three_times_and_counted(paper: Paper) -> None:
    sockets = [Excluded(name=f"runs/r{n}/ask", why="a socket") for n in range(5)]
    excluded = (*sockets, Excluded(name="web.token", why="it is secret"))
    done = BackedUp(environment="dev", release="1", at=AT, files=2, bytes=9, excluded=excluded)
    draw_backed_up(paper, Path("a.tgz"), done)

    assert paper.text.splitlines()[1:] == [
        "not in it: runs/r0/ask (a socket)",
        "not in it: runs/r1/ask (a socket)",
        "not in it: runs/r2/ask (a socket)",
        "not in it: 2 more (a socket)",
        "not in it: web.token (it is secret)",
    ]


def test_a_restore_says_what_is_there_now_and_where_what_was_there_is(
    ctl: Ctl, tmp_path: Path
) -> None:
    (tmp_path / "a.tgz").write_bytes(archived(state(tmp_path / "one")))
    words = ("state", "restore", str(tmp_path / "a.tgz"), "--state-dir", str(tmp_path / "two"))
    done, again = ctl(*words), ctl(*words, "--json")

    assert done.status == 0, done.err
    assert "10 commits, as backed up at 2026-11-24" in done.out
    assert messages(tmp_path / "two") == messages(tmp_path / "one")
    assert (Path(json.loads(again.out)["kept"]) / "journal").is_dir()


def test_a_directory_for_the_archive_that_is_missing_can_be_made_as_is_said(
    ctl: Ctl, daemon: FakeDaemon, tmp_path: Path
) -> None:
    daemon.answers[p.StateBackup] = Stream([Piece(cursor=3, data=b"one")])
    state(tmp_path / "state")
    archive = str(tmp_path / "none" / "a.tgz")
    for place in ((), ("--state-dir", str(tmp_path / "state"))):
        done = ctl("state", "backup", archive, *place)

        assert (done.status, done.out) == (7, "")
        assert f"cannot write {archive}: No such file or directory" in done.err
        assert f"hint: mkdir -p {tmp_path / 'none'}\n" in done.err


def test_an_archive_is_read_from_standard_input(tmp_path: Path) -> None:
    archive = archived(state(tmp_path / "one"))
    words = ("state", "restore", "-", "--state-dir", str(tmp_path / "two"))
    argv = [sys.executable, "-m", "pmrunnerctl", *words]
    done = subprocess.run(argv, input=archive, capture_output=True, check=False, env=environment())

    assert done.returncode == 0, done.stderr
    assert b"before is in" not in done.stdout, "nothing was there"
    assert messages(tmp_path / "two") == messages(tmp_path / "one")


def test_what_is_no_archive_is_refused_in_words(ctl: Ctl, tmp_path: Path) -> None:
    (tmp_path / "a.tgz").write_text("hello")
    words = ("state", "restore", str(tmp_path / "a.tgz"), "--state-dir", str(tmp_path / "two"))
    done = ctl(*words)

    assert (done.status, done.out) == (4, "")
    assert "cannot use the archive: it is no gzip'd tar of a state\n" in done.err


def test_an_archive_that_is_not_there_is_said_to_be(ctl: Ctl, tmp_path: Path) -> None:
    words = ("state", "restore", str(tmp_path / "none"), "--state-dir", str(tmp_path / "two"))
    done = ctl(*words)

    assert done.status == 3
    assert f"cannot read {tmp_path / 'none'}: there is no such file" in done.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("backup", "-", "--state-dir", "."), "cannot write an archive to a terminal"),
        (("restore", "-", "--state-dir", "."), "cannot read an archive from a terminal"),
        (("verify", "-"), "cannot read an archive from a terminal"),
    ],
)
def test_a_terminal_is_no_place_for_an_archive(
    tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    ours, theirs = os.openpty()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pmrunnerctl", "state", *words],
            cwd=tmp_path,
            stdin=theirs,
            stdout=theirs,
            stderr=subprocess.PIPE,
            check=False,
            env=environment(),
        )
    finally:
        os.close(ours)
        os.close(theirs)

    assert done.returncode == 2
    assert said in done.stderr.decode()


def test_by_the_daemon_it_goes_to_a_file_or_out_and_what_is_said_of_it_beside(
    ctl: Ctl, daemon: FakeDaemon, tmp_path: Path
) -> None:
    done = BackedUp(
        environment="dev",
        release="0.1.0",
        at=AT,
        files=2,
        bytes=9,
        excluded=(Excluded(name="web.token", why="it is secret"),),
    )
    daemon.answers[p.StateBackup] = Stream(
        [Piece(cursor=3, data=b"one"), Piece(cursor=3, backed_up=done)]
    )
    ended = ctl("state", "backup", str(tmp_path / "a.tgz"))

    assert ended.status == 0, ended.err
    assert (tmp_path / "a.tgz").read_bytes() == b"one"
    assert "2 files, 9 bytes unpacked" in ended.out
    assert "not in it: web.token (it is secret)" in ended.out


def test_half_an_archive_by_the_daemon_leaves_no_file(
    ctl: Ctl, daemon: FakeDaemon, tmp_path: Path
) -> None:
    daemon.answers[p.StateBackup] = Stream([Piece(cursor=3, data=b"one")], "stopping")
    ended = ctl("state", "backup", str(tmp_path / "a.tgz"))

    assert ended.status == 7
    assert "before the archive was whole" in ended.err
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("a.tgz")]


def test_after_a_restore_it_waits_until_the_daemon_is_back(
    ctl: Ctl, daemon: FakeDaemon, tmp_path: Path
) -> None:
    back = structs.replace(samples.overview(), started_at="2026-11-24T13:00:00.000Z")
    (tmp_path / "a.tgz").write_bytes(b"archive")
    daemon.answers |= {
        p.StateUpload: Uploaded(size=7),
        p.StateRestore: [HANG_UP, RESTORED],
        p.Status: [samples.overview(), samples.overview(), back],
    }
    ended = ctl("state", "restore", str(tmp_path / "a.tgz"), patience="5")

    assert ended.status == 0, ended.err
    assert "restored: 7 commits" in ended.out
    assert next(r for r in daemon.requests() if isinstance(r, p.StateUpload)).data == b"archive"
    assert len([r for r in daemon.requests() if isinstance(r, p.Status)]) >= 3
