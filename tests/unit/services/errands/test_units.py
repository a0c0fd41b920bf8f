import asyncio
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pmrunnerd.model import errand as e
from pmrunnerd.model.errors import Refused, Unavailable
from pmrunnerd.model.logins import Login
from pmrunnerd.model.source import Wanted
from pmrunnerd.services.errands import Cargo
from pmrunnerd.services.errands.paper import Paper
from pmrunnerd.services.errands.units import Units
from pmrunnerd.services.host import units as hosts
from tests.fakes import units
from tests.unit.services.parts import needs_sandbox, repository

ABANDONED = "probe-1-0123abcd"


@contextmanager
def _sealed(tmp_path: Path) -> Iterator[tuple[Units, Path, Path]]:
    runs, manager = tmp_path / "runs", tmp_path / "manager"
    runs.mkdir()
    before = os.umask(0o022)
    try:
        host = hosts.Units("test", runs, path=units.install(tmp_path / "bin", manager, runs))
        yield Units(host, runs), runs, manager
    finally:
        os.umask(before)
    assert list(runs.iterdir()) == [], "nothing of an errand stays"


def test_a_manager_that_says_no_is_told_in_words_that_stay_the_same(tmp_path: Path) -> None:
    with _sealed(tmp_path) as (errands, _, manager):
        (manager / "denied").touch()
        said = set()
        for _ in range(2):
            with pytest.raises(Unavailable, match="Access denied") as refused:
                asyncio.run(errands.do(e.Probe(path="/srv/x")))
            said.add(str(refused.value))
            assert refused.value.hint

        assert len(said) == 1


def test_where_errands_cannot_be_written_nothing_is_started(tmp_path: Path) -> None:
    with _sealed(tmp_path) as (errands, runs, manager):
        runs.rmdir()
        with pytest.raises(Unavailable, match="No such file"):
            asyncio.run(errands.do(e.Confine()))
        runs.mkdir()

        assert not (manager / "asked").exists()


def test_one_that_ends_without_a_word_is_told_with_where_to_look(tmp_path: Path) -> None:
    with _sealed(tmp_path) as (errands, _, manager):
        broken = tmp_path / "bin" / "systemctl"
        broken.write_text("#!/bin/sh\necho ActiveState=failed\n")
        with pytest.raises(Unavailable, match="it ended without a word") as gone:
            asyncio.run(errands.do(e.Probe(path="/srv/x")))

        assert str(gone.value.hint).startswith("journalctl -u '*-probe-")
        assert not (manager / "asked").exists()


def test_an_answer_to_something_else_is_refused(tmp_path: Path) -> None:
    with _sealed(tmp_path) as (errands, runs, _):
        program = tmp_path / "bin" / "systemctl"
        answer = '{"answer":"emptied"}'
        program.write_text(
            f"#!/bin/sh\nfor at in {runs}/*/answer.json; do echo '{answer}' >$at; done\n"
        )
        with pytest.raises(Refused, match="cannot use what came of errand probe: Emptied"):
            asyncio.run(errands.do(e.Probe(path="/srv/x")))


def test_a_failure_comes_back_with_its_kind_words_and_hint(tmp_path: Path) -> None:
    with _sealed(tmp_path) as (errands, _, _):
        wanted = e.LetGo(workspace=str(tmp_path / "none"), runs=("r1-aaaa",))
        with pytest.raises(Refused, match="none"):
            asyncio.run(errands.do(wanted))


def test_where_there_was_enough_nobody_goes_on(tmp_path: Path) -> None:
    with _sealed(tmp_path) as (errands, _, _), pytest.raises(Unavailable, match="enough"):
        asyncio.run(errands.do(e.Confine(), enough=lambda: True))


def test_who_waits_no_more_has_it_stopped(tmp_path: Path) -> None:
    async def scene(errands: Units) -> None:
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(errands.do(e.Confine()))
            await asyncio.sleep(0.05)
            waiting.cancel()

    with _sealed(tmp_path) as (errands, _, _):
        asyncio.run(scene(errands))


def test_what_a_daemon_that_was_killed_left_is_ended_and_deleted(tmp_path: Path) -> None:
    with _sealed(tmp_path) as (errands, runs, _):
        Paper(runs / ABANDONED).write(e.Confine(), "hush")
        (runs / "r1-aaaa").mkdir()
        asyncio.run(errands.clear_abandoned())

        assert [one.name for one in runs.iterdir()] == ["r1-aaaa"]
        (runs / "r1-aaaa").rmdir()


def test_what_cannot_be_cleared_keeps_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with _sealed(tmp_path) as (errands, runs, manager):
        Paper(runs / ABANDONED).write(e.Confine(), "")
        (manager / "denied").touch()
        (manager / f"pm-runner-run@test-{ABANDONED}.service").write_text(str(os.getpid()))
        with caplog.at_level(logging.WARNING):
            asyncio.run(errands.clear_abandoned())
        assert f"cannot clear up errand {ABANDONED}" in caplog.text
        Paper(runs / ABANDONED).clear()


def test_a_login_is_kept_by_who_does_it_and_its_secret_is_in_no_errand(tmp_path: Path) -> None:
    place = tmp_path / "secrets"
    with _sealed(tmp_path) as (errands, _, _):
        wanted = e.KeepLogin(
            place=str(place), agent="claude", login=Login.TOKEN, at="2026-01-01T00:00:00Z"
        )
        asyncio.run(errands.do(wanted, secret="hush"))

        assert b"hush" in (place / "claude.json").read_bytes()
        assert (place / "claude.json").stat().st_mode & 0o777 == 0o600
        shown = asyncio.run(
            errands.do(e.ShowLogin(place=str(place), agent="claude", at="2026-01-01T00:00:00Z"))
        )
        assert (shown.login, "hush" in repr(shown)) == ("token", False)


@needs_sandbox
def test_what_is_done_elsewhere_comes_back_as_if_it_had_been_done_here(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    with _sealed(tmp_path) as (errands, _, manager):
        found = asyncio.run(errands.do(e.Examine(path=str(here))))
        assert found == e.Inspected(path=str(here))
        with pytest.raises(Refused, match="nowhere"):
            asyncio.run(errands.do(e.LetGo(workspace="/nowhere", runs=("r1-aaaa",))))
        starts = [line for line in (manager / "asked").read_text().splitlines() if "start" in line]

        assert len(starts) == 2


def test_cargo_that_is_no_file_is_refused_and_nobody_waits_for_it(tmp_path: Path) -> None:
    with _sealed(tmp_path) as (errands, runs, _):
        program = tmp_path / "bin" / "systemctl"
        program.write_text(
            f"#!/bin/sh\nfor at in {runs}/*; do\n"
            'rm $at/cargo; mkfifo $at/cargo; echo \'{"answer":"done"}\' >$at/answer.json\ndone\n'
        )
        wanted = e.Bring(workspace="/srv/x", wanted=Wanted.TREE, commit="0" * 40)
        cargo = Cargo(beside=tmp_path, take=lambda _: pytest.fail("there is none"))
        with pytest.raises(Refused, match="cannot take what was brought: it is no file"):
            asyncio.run(errands.do(wanted, cargo=cargo))
