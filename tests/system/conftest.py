"""The hosts of the tests that need a real systemd: `bare`, and `machine` with the package."""

import re
from collections.abc import Iterator, Set
from pathlib import Path

import pytest

from tests.package import once
from tests.plugins.promises import Elsewhere
from tests.system import hosts
from tests.system.here import GATE_HOST
from tests.system.host import Host

FIXTURES = frozenset({"bare", "machine"})
# What moves releases and tries gates has a machine of its own: tests mostly wait, and two of half as many wait half as long.
OF_RELEASES = re.compile(r"test_(.*promotion.*|way_back|rehearsal|releases|chain|gat.*)")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Keep all that share a host on one worker; each of these has a host of its own."""
    if wanted := FIXTURES & set(getattr(item, "fixturenames", ())):
        item.add_marker(pytest.mark.system)
        item.add_marker(pytest.mark.xdist_group(group(item.path.stem, wanted)))


def group(module: str, wanted: Set[str]) -> str:
    """Return which host a test is on: a gate's own one is all of them."""
    if GATE_HOST.exists() or len(wanted) > 1:
        return "system"
    if "bare" in wanted:
        return "bare system"
    return "system of releases" if OF_RELEASES.fullmatch(module) else "system"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """In a gate's own host, which is both of them, have all that is for a bare one come first."""
    if GATE_HOST.exists():
        items.sort(key=lambda item: "machine" in getattr(item, "fixturenames", ()))


@pytest.fixture(scope="session")
def has_systemd() -> None:
    if reason := hosts.lacks():
        pytest.skip(reason)


@pytest.fixture(scope="session")
def boots(has_systemd: None) -> None:
    """For tests of hosts that are booted: where one was made for a gate, none is."""
    if GATE_HOST.exists():
        raise Elsewhere("a gate's own host is used as it is, and boots no other")


@pytest.fixture(scope="session")
def bare(has_systemd: None) -> Iterator[Host]:
    """A host without the package; what one test changes, the next ones see."""
    with hosts.a_host() as host:
        yield host


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package of this checkout."""
    path, _ = once.built(tmp_path_factory)
    return path


@pytest.fixture(scope="session")
def machine(has_systemd: None, package: Path) -> Iterator[Host]:
    """A host on which the package is installed; what one test changes, the next ones see."""
    with hosts.a_host() as host:
        hosts.install(host, package)
        yield host
