"""Standard streams that are closed, full or of the wrong kind: what was asked is what counts."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pmrunnerd.model import frames
from pmrunnerd.model import protocol as p
from pmrunnerd.model import views as v
from pmrunnerd.model.errors import Code
from tests.fakes.daemon import FakeDaemon
from tests.unit.pmrunnerctl import samples
from tests.unit.pmrunnerctl.conftest import environment


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[FakeDaemon]:
    with FakeDaemon(tmp_path / "control.sock") as serving:
        serving.answers[p.Status] = samples.overview()
        serving.answers[p.ChatSend] = p.Done(id="m8")
        serving.answers[p.TaskShow] = frames.Failed(
            call=0, code=Code.NOT_FOUND, message="cannot show task t99: there is none"
        )
        serving.answers[p.Inbox] = v.InboxTable(items=())
        yield serving


def in_a_shell(daemon: FakeDaemon, words: str, streams: str) -> "subprocess.CompletedProcess[str]":
    command = f'exec "$0" -m pmrunnerctl --socket "$1" --wait 0 {words} {streams}'
    return subprocess.run(
        ["sh", "-c", command, sys.executable, str(daemon.path)],
        capture_output=True,
        text=True,
        check=False,
        env=environment(),
        timeout=60,
    )


CLOSED = ("<&-", ">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-")


@pytest.mark.parametrize("streams", CLOSED)
def test_a_closed_stream_leads_to_nowhere_and_what_was_asked_is_done_once(
    daemon: FakeDaemon, streams: str
) -> None:
    done = in_a_shell(daemon, "chat send cake 'echo x'", streams)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("sent message m8 to cake\n") or ">&-" in streams.split()
    assert daemon.requests() == [p.ChatSend(project="cake", text="echo x")]


@pytest.mark.parametrize("streams", [*CLOSED, "2>/dev/full"])
@pytest.mark.parametrize(("words", "status"), [("task show t99", 3), ("nope", 2), ("status", 0)])
def test_the_exit_status_is_the_one_of_the_answer_whoever_hears_it(
    daemon: FakeDaemon, words: str, status: int, streams: str
) -> None:
    done = in_a_shell(daemon, words, streams)

    assert done.returncode == status
    assert "bug" not in done.stderr
    assert "Traceback" not in done.stderr


def test_a_text_from_a_closed_standard_input_is_empty_and_nothing_is_sent(
    daemon: FakeDaemon,
) -> None:
    done = in_a_shell(daemon, "chat send cake -", "<&-")

    assert done.returncode == 2
    assert "cannot send the message: it is empty" in done.stderr
    assert daemon.requests() == []


def test_standard_output_that_is_open_for_reading_only_is_no_bug(daemon: FakeDaemon) -> None:
    done = in_a_shell(daemon, "inbox", "1</dev/null")

    assert done.returncode == 74
    assert "cannot write to standard output: bad file descriptor" in done.stderr
