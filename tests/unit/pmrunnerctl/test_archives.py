import json
import subprocess
import sys
from pathlib import Path

from tests.unit.pmrunnerctl.conftest import Ctl, environment
from tests.unit.store.archives import archived
from tests.unit.store.damage import messages, state


def test_a_backup_lists_what_is_not_in_it_and_replaces_nothing(ctl: Ctl, tmp_path: Path) -> None:
    (state(tmp_path / "state") / "web.token").write_text("hush")
    words = ("state", "backup", "--state-dir", str(tmp_path / "state"), str(tmp_path / "a.tgz"))
    done, again = ctl(*words), ctl(*words)

    assert done.status == 0
    assert "not in it: web.token (it is secret)" in done.out
    assert again.status == 4
    assert "it is there already" in again.err
    assert ctl(*words, "--force").status == 0


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


def test_an_archive_is_read_from_standard_input(tmp_path: Path) -> None:
    archive = archived(state(tmp_path / "one"))
    words = ("state", "restore", "-", "--state-dir", str(tmp_path / "two"))
    argv = [sys.executable, "-m", "pmrunnerctl", *words]
    done = subprocess.run(argv, input=archive, capture_output=True, check=False, env=environment())

    assert done.returncode == 0, done.stderr
    assert messages(tmp_path / "two") == messages(tmp_path / "one")


def test_what_is_no_archive_is_refused_in_words(ctl: Ctl, tmp_path: Path) -> None:
    (tmp_path / "a.tgz").write_text("hello")
    words = ("state", "restore", str(tmp_path / "a.tgz"), "--state-dir", str(tmp_path / "two"))
    done = ctl(*words)

    assert (done.status, done.out) == (4, "")
    assert "cannot use the archive: it is damaged, or none of ours" in done.err


def test_an_archive_that_is_not_there_is_said_to_be(ctl: Ctl, tmp_path: Path) -> None:
    words = ("state", "restore", str(tmp_path / "none"), "--state-dir", str(tmp_path / "two"))
    done = ctl(*words)

    assert done.status != 0
    assert f"cannot restore {tmp_path / 'none'}: No such file or directory" in done.err
