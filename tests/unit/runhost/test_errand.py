import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from pmrunnerd.model import errand as e
from pmrunnerd.services.errands.paper import Paper
from pmrunnerd.services.rundir import RunDirectory
from tests.unit.services.parts import eventually, needs_sandbox, repository

AT = "2026-01-01T00:00:00.000Z"


def a_host(paper: Paper) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "pmrunnerd.runhost", paper.path], stderr=subprocess.PIPE
    )


def held(paper: Paper) -> tuple[int, bytes]:
    host = a_host(paper)
    _, err = host.communicate(timeout=180)
    return host.returncode, err


def a_paper(tmp_path: Path, errand: e.Errand[Any]) -> Paper:
    paper = Paper(tmp_path / "probe-1-0123abcd")
    paper.write(errand, "")
    return paper


def test_an_errand_that_it_does_not_know_is_answered(tmp_path: Path) -> None:
    paper = a_paper(tmp_path, e.Probe(path="/srv/x"))
    paper.errand.write_text('{"errand":"promote"}')
    status, _ = held(paper)

    assert status == 0
    answer = paper.answered()
    assert isinstance(answer, e.Failed)
    assert answer.message.startswith("cannot do errand probe-1-0123abcd")


def test_where_nothing_can_be_answered_it_says_so_by_its_status(tmp_path: Path) -> None:
    paper = a_paper(tmp_path, e.Probe(path="/srv/x"))
    paper.answer.unlink()
    status, said = held(paper)

    assert status == 74
    assert b"answer.json" in said


def test_what_goes_wrong_is_an_answer(tmp_path: Path) -> None:
    (tmp_path / "r1-aaaa").symlink_to("/etc")
    paper = a_paper(tmp_path, e.Dispose(directory=str(tmp_path), run="r1-aaaa"))

    assert held(paper)[0] == 0
    assert isinstance(paper.answered(), e.Failed)


@needs_sandbox
def test_an_errand_is_done_in_the_place_of_a_run(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    paper = a_paper(tmp_path, e.Examine(path=str(here)))

    assert held(paper)[0] == 0
    assert paper.answered() == e.Inspected(path=str(here))
    assert not RunDirectory(paper.path).has_begun()


def test_told_to_stop_it_ends_what_it_started_and_answers_that_it_was(tmp_path: Path) -> None:
    program, began = tmp_path / "claude", tmp_path / "began"
    program.write_text(f"#!/bin/sh\n: >{began}; exec sleep 15\n")
    program.chmod(0o755)
    paper = a_paper(
        tmp_path,
        e.ShowLogin(place=str(tmp_path), agent="claude", at=AT, named=str(program)),
    )
    with a_host(paper) as host:
        try:
            eventually(began.exists)
            host.send_signal(signal.SIGTERM)
            host.communicate(timeout=180)
        finally:
            host.kill()

    assert host.returncode == 0
    answer = paper.answered()
    assert isinstance(answer, e.Failed)
    assert (answer.code, answer.message) == (
        "unavailable",
        "cannot finish the errand: it was told to stop",
    )
