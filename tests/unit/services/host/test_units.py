import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pmrunnerd.model.errors import Refused, Unavailable
from pmrunnerd.services import lockfile
from pmrunnerd.services.host import Host
from pmrunnerd.services.host.units import Units
from pmrunnerd.services.rundir import RunDirectory
from tests.fakes import units
from tests.unit.services.parts import eventually, repository, spec

RUN = "r1-4f2a"
UNIT = f"pm-runner-run@test-{RUN}.service"


@contextmanager
def _written(tmp_path: Path, text: str = "true") -> Iterator[tuple[Units, RunDirectory, Path]]:
    workspace = repository(tmp_path / "workspace")
    runs, manager = tmp_path / "state" / "runs", tmp_path / "manager"
    before = os.umask(0o022)
    try:
        host = Units("test", runs, path=units.install(tmp_path / "bin", manager, runs))
        directory = RunDirectory(runs / RUN)
        directory.write_spec(spec(workspace, text), shared=host.shared)
        yield host, directory, manager
    finally:
        os.umask(before)


def _is_over(host: Host) -> bool:
    return not host.alive(RUN)


def test_a_run_that_may_not_be_started_is_told_so_and_is_not_alive(tmp_path: Path) -> None:
    with _written(tmp_path) as (host, directory, manager):
        (manager / "denied").touch()

        with pytest.raises(Unavailable, match="Access denied"):
            asyncio.run(host.start(RUN))
        assert not host.alive(RUN)
        assert not directory.has_begun()


def test_a_run_is_started_once(tmp_path: Path) -> None:
    with _written(tmp_path) as (host, directory, manager):
        lock = lockfile.take(directory.lock)
        with pytest.raises(Refused, match="is alive"):
            asyncio.run(host.start(RUN))
        assert lock is not None
        os.close(lock)
        directory.events.write_text('{"event":"x"}\n')
        with pytest.raises(Refused, match="it was started before"):
            asyncio.run(host.start(RUN))
        assert not host.alive(RUN)
        assert not (manager / "asked").exists()


def test_a_run_whose_host_holds_no_lock_yet_is_alive_by_its_unit(tmp_path: Path) -> None:
    with _written(tmp_path) as (host, _, manager):
        assert not host.alive(RUN)
        (manager / f"{UNIT}.job").touch()
        assert host.alive(RUN)


def test_a_run_is_alive_from_its_start_to_its_last_word_whoever_asks(tmp_path: Path) -> None:
    with _written(tmp_path) as (host, directory, manager):
        asyncio.run(host.start(RUN))

        assert host.alive(RUN)
        assert Units(
            "test", tmp_path / "state" / "runs", path=f"{tmp_path}/bin:{os.environ['PATH']}"
        ).alive(RUN)
        eventually(lambda: _is_over(host))
        assert b'"outcome":"succeeded"' in directory.events.read_bytes(), (
            manager / f"{UNIT}.log"
        ).read_text()


def test_stopping_is_polite_and_returns_when_it_is_gone(tmp_path: Path) -> None:
    with _written(tmp_path, "sleep 1000") as (host, directory, _):
        asyncio.run(host.start(RUN))
        eventually(directory.has_begun)

        asyncio.run(host.stop(RUN))

        assert not host.alive(RUN)
        assert b'"outcome":"interrupted"' in directory.events.read_bytes()


def test_what_did_not_begin_is_explained_in_the_journal_of_its_unit(tmp_path: Path) -> None:
    with _written(tmp_path) as (host, _, _):
        assert host.explains(RUN) == f": journalctl -u {UNIT}"


def test_stopping_what_does_not_run_does_nothing(tmp_path: Path) -> None:
    with _written(tmp_path) as (host, _, manager):
        asyncio.run(host.stop("r7-none"))

        assert "reset-failed" not in (manager / "asked").read_text()


def test_a_unit_that_failed_is_forgotten_by_its_manager(tmp_path: Path) -> None:
    with _written(tmp_path) as (host, _, manager):
        (manager / f"{UNIT}.failed").touch()

        asyncio.run(host.stop(RUN))

        assert not (manager / f"{UNIT}.failed").exists()


def test_what_another_user_s_run_host_needs_is_its_group_s_and_no_more(tmp_path: Path) -> None:
    with _written(tmp_path) as (_, directory, _):
        modes = {
            path.name: path.stat().st_mode & 0o777
            for path in (directory.path, *directory.path.iterdir())
        }
    assert modes == {RUN: 0o770, "spec.json": 0o640, "events.jsonl": 0o660, "lock": 0o660}
