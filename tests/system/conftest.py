"""The hosts of the tests that need a real systemd: `bare`, and `machine` with the package."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system import hosts
from tests.system.host import Host

FIXTURES = frozenset({"bare", "machine"})


def pytest_itemcollected(item: pytest.Item) -> None:
    """Keep all that share a host on one worker."""
    if FIXTURES & set(getattr(item, "fixturenames", ())):
        item.add_marker(pytest.mark.system)
        item.add_marker(pytest.mark.xdist_group("system"))


@pytest.fixture(scope="session")
def has_systemd() -> None:
    if reason := hosts.lacks():
        pytest.skip(reason)


@pytest.fixture(scope="session")
def bare(has_systemd: None) -> Iterator[Host]:
    """A host without the package; what one test changes, the next ones see."""
    with hosts.a_host() as host:
        yield host


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package of this checkout."""
    return hosts.build_package(tmp_path_factory.mktemp("package"))


@pytest.fixture(scope="session")
def machine(has_systemd: None, package: Path) -> Iterator[Host]:
    """A host on which the package is installed; what one test changes, the next ones see."""
    with hosts.a_host() as host:
        hosts.install(host, package)
        yield host
