import os
from pathlib import Path

import pytest

from pmrunnerctl import logs
from pmrunnerctl.exits import Cannot, Exit
from tests.fakes.daemon import FakeDaemon
from tests.unit.pmrunnerctl.conftest import Ctl


@pytest.fixture(autouse=True)
def _no_daemon(daemon: FakeDaemon) -> None:
    daemon.close()


def test_the_last_lines_are_shown_and_no_daemon_is_needed(ctl: Ctl, tmp_path: Path) -> None:
    (tmp_path / logs.NAME).write_bytes(b"".join(b"line %d\n" % n for n in range(50_000)))

    assert ctl("logs", "-n", "2").out.endswith("line 49998\nline 49999\n")
    assert ctl("logs", "-n", "0").out == ""
    assert len(ctl("logs").out.splitlines()) == 50


def test_what_is_no_text_is_spelled_out(ctl: Ctl, tmp_path: Path) -> None:
    (tmp_path / logs.NAME).write_bytes(b"a\x1b[2Jb\xff\n")

    assert ctl("logs").out == "a\\x1b[2Jb\\xff\n"


def test_a_log_that_is_not_there_is_said_with_what_to_do(ctl: Ctl) -> None:
    ended = ctl("logs")

    assert ended.status == 3
    assert "cannot show the log: there is no" in ended.err
    assert "hint: journalctl" in ended.err


def test_a_log_that_cannot_be_read_is_said_as_the_kernel_says_it(tmp_path: Path) -> None:
    (tmp_path / logs.NAME).mkdir()

    with pytest.raises(Cannot, match="is a directory") as caught:
        list(logs.told(tmp_path / logs.NAME, 5, follow=False))
    assert caught.value.exits is Exit.UNAVAILABLE


def test_following_goes_on_over_a_file_that_is_cut_or_replaced(tmp_path: Path) -> None:
    path = tmp_path / logs.NAME
    path.write_text("old\n" * 9)
    telling = logs.told(path, 1, follow=True)
    assert next(telling) == "old"

    with path.open("a") as more:
        more.write("more\n")
    assert next(telling) == "more"

    os.truncate(path, 0)
    path.write_text("cut\n")
    assert next(telling) == "cut"

    path.rename(tmp_path / "pmrunnerd.log.1")
    path.write_text("anew\n")
    assert next(telling) == "anew"
    telling.close()
