"""The release that runs, with candidates that are small programs; tests/integration/test_rehearsal.py has real ones."""

from pathlib import Path

import msgspec
import pytest

from pmrunnerd.model import events as ev
from pmrunnerd.model import rehearsal as r
from pmrunnerd.rehearsing import main
from pmrunnerd.store.store import Store

NAME = "2-b"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A copy of a state, and the order to try a candidate on it."""
    store = Store(tmp_path / r.STATE, lambda: "2026-01-02T03:04:05.000Z", release="1")
    store.commit(ev.ProjectAdded(project="w1", alias="cake", path="/srv/cake"))
    store.flush()
    store.close()
    order = r.Trial(environment="prod", candidate=NAME, patience=30.0, memory=1 << 30)
    (tmp_path / r.ORDER).write_bytes(msgspec.json.encode(order))
    (tmp_path / r.CONFIGURATION).touch()
    return tmp_path


def rehearsed(place: Path, script: str) -> r.Verdict:
    """Return what is said of a program that is started in place of a release's daemon."""
    (place / "launch").write_text(script)
    assert main([str(place), str(place / "launch")]) == 0
    return msgspec.json.decode((place / r.VERDICT).read_bytes(), type=r.Verdict)


def test_without_an_order_there_is_no_verdict(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / r.ORDER).unlink()

    assert main([str(place), "launch"]) == 1

    said = capsys.readouterr().err
    assert said.startswith("pmrunnerd.rehearsing: cannot rehearse: ")
    assert "No such file or directory" in said


def test_a_copy_that_cannot_be_read_is_nobody_s_fault(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = place / r.STATE / "journal/00000001.jsonl"
    journal.write_bytes(journal.read_bytes().replace(b"cake", b"bake", 1))

    assert main([str(place), "launch"]) == 1

    assert "does not match its checksum" in capsys.readouterr().err
    assert not (place / r.VERDICT).exists()


def test_what_the_candidate_says_is_passed_on_for_whoever_looks_into_it(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    verdict = rehearsed(place, "import sys; print('flour'); sys.exit('no eggs')")

    assert verdict.differences == (f"{NAME} ended with status 1 before it was ready: no eggs",)
    assert verdict.commits == 1
    assert "flour" in capsys.readouterr().err


def test_it_is_started_on_the_copy_by_name(place: Path) -> None:
    words = "import sys; sys.exit(' '.join(sys.argv[1:]))"

    (said,) = rehearsed(place, words).differences

    assert f"rehearsed prod {NAME} --state-dir {place}/state " in said


def test_one_that_says_that_it_is_ready_and_is_not_is_found_out(place: Path) -> None:
    script = """
import os, socket
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as said:
    said.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
"""

    assert rehearsed(place, script).differences == (
        f"{NAME} does not write down what it remembers",
        f"{NAME} ended with status 0 while it was asked",
    )
