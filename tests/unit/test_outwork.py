import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pmrunnerd.model.settings import Settings
from pmrunnerd.options import Options, parse
from pmrunnerd.outwork import LOGINS, Outwork
from pmrunnerd.services.host.detached import Detached
from pmrunnerd.services.host.units import Units
from tests.fakes import units
from tests.unit.services.parts import needs_sandbox, repository


def options(tmp_path: Path, *words: str) -> Options:
    return parse(["--env", "test", "--state-dir", str(tmp_path / "state"), *words], {})


@contextmanager
def sealed(tmp_path: Path, *words: str) -> Iterator[Outwork]:
    runs = tmp_path / "runs"
    runs.mkdir()
    before = os.umask(0o022)
    try:
        path = units.install(tmp_path / "bin", tmp_path / "manager", runs)
        yield Outwork(options(tmp_path, *words), Settings(), Units("test", runs, path=path), runs)
    finally:
        os.umask(before)


def test_what_an_earlier_daemon_left_is_cleared_first(tmp_path: Path) -> None:
    with sealed(tmp_path) as outwork:
        (tmp_path / "runs" / "probe-1-0123abcd").mkdir()
        asyncio.run(outwork.begin())

        assert list((tmp_path / "runs").iterdir()) == []
        assert not outwork.found.known, "that takes an errand, and nobody waits for it at a start"


def test_logins_are_where_root_lets_them_be_kept_or_where_they_are_said_to_be(
    tmp_path: Path,
) -> None:
    with sealed(tmp_path) as outwork:
        assert outwork.place == LOGINS / "test"
    (tmp_path / "runs").rmdir()
    with sealed(tmp_path, "--secrets-dir", "/srv/logins") as told:
        assert told.place == Path("/srv/logins")


@needs_sandbox
def test_without_units_it_is_known_at_once_what_confines(tmp_path: Path) -> None:
    outwork = Outwork(options(tmp_path), Settings(), Detached(tmp_path), tmp_path)
    asyncio.run(outwork.begin())

    assert outwork.found.ok
    assert outwork.place is None


@needs_sandbox
def test_a_place_is_looked_at_and_made_safe_by_errands(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    with sealed(tmp_path) as outwork:
        found = asyncio.run(outwork.inspect(here))
        assert (found.path, found.problem) == (str(here), "")
        assert asyncio.run(outwork.make_safe(here, "r1-aaaa", 0.0)) == ""
