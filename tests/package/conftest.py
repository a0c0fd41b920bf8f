"""The package of this checkout, built once, and what is in it."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.package.once import built as built_once
from tests.package.ontrial import OnTrial


@dataclass(frozen=True)
class Package:
    """A built package, what was said of it, and its files below `top`."""

    path: Path
    report: str
    top: Path

    @property
    def share(self) -> Path:
        return self.top / "usr/share/pm-runner"

    @property
    def wheels(self) -> list[str]:
        return sorted(path.name for path in self.share.glob("wheels/*.whl"))

    def release(
        self, into: Path, *, source: Path | None = None, wheels: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Build a release from what is in the package, or from something else instead."""
        digest = (self.share / "source.digest").read_text().strip()
        return subprocess.run(
            [
                self.top / "usr/lib/pm-runner/build-release",
                *("--source", source or self.share / "source", "--source-digest", digest),
                *("--wheels", wheels or self.share / "wheels", "--into", into, "--to-look-at"),
            ],
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Package:
    path, report = built_once(tmp_path_factory)
    top = tmp_path_factory.mktemp("package") / "top"
    subprocess.run(["dpkg-deb", "--extract", path, top], check=True)
    return Package(path, report, top)


@pytest.fixture(scope="session")
def built(package: Package, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The release of the package, built once; nobody may change it."""
    into = tmp_path_factory.mktemp("releases")
    done = package.release(into)
    assert done.returncode == 0, done.stderr
    return into / done.stdout.strip()


@pytest.fixture
def prod(tmp_path: Path) -> OnTrial:
    """An environment in which nothing was ever on trial."""
    prod = OnTrial(tmp_path)
    prod.build()
    return prod


@pytest.fixture
def trying(prod: OnTrial) -> OnTrial:
    """One in which the newer release is, and has not been started yet."""
    prod.begin()
    return prod
