"""The wheels of a commit's lock file, from a store in which each file lies under its digest.

A store grows by what `fetch` brings and root admits (`/var/lib/pm-runner/wheels`). Nothing that comes from an index is
run: what comes as source only is taken from the package, which was built with it.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import wheelhouse

# Where the lock file of a source is; beside the package's wheels it is the one that they were made from.
LOCK: Final = "packaging/requirements-release.lock"
SOURCE_LOCK: Final = "source.lock"
_HASH: Final = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_OURS: Final = f"cp{sys.version_info.major}{sys.version_info.minor}"


class MissingError(Exception):
    """Some of the wheels are not here: `names` are those that an index has."""

    def __init__(self, why: str, names: list[str]) -> None:
        super().__init__(why)
        self.names = names


def is_the_package_s(lock: Path, package: Path) -> bool:
    """Tell whether the package brings the wheels of a lock file."""
    made_from = package / SOURCE_LOCK
    return made_from.is_file() and made_from.read_bytes() == lock.read_bytes()


def assemble(lock: Path, store: Path, package: Path, into: Path) -> Path:
    """Return a directory with the wheels of a lock file and the list of them. Raises MissingError."""
    if is_the_package_s(lock, package):
        return package
    wanted = wheelhouse.requirements(lock)
    found = {name: here(name, entry, store, package) for name, entry in wanted.items()}
    if missing := [name for name in found if not found[name] and name not in wheelhouse.LEFT_OUT]:
        raise MissingError(_why(missing, wanted), missing)
    into.mkdir()
    for name, paths in found.items():
        for path in paths if name not in wheelhouse.LEFT_OUT else ():
            wheelhouse.repack(path, into / path.name)
    lines = wheelhouse.pinned(into, wanted)
    (into / "requirements.txt").write_text("".join(lines))
    shutil.copyfile(lock, into / SOURCE_LOCK)
    return into


def _why(missing: list[str], wanted: dict[str, str]) -> str:
    sources = [wanted[name].split()[0] for name in missing if name in wheelhouse.SOURCES]
    if sources:
        return f"the package does not bring {', '.join(sources)}, which comes as source only"
    more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""  # noqa: PLR2004 - three are named
    return f"wheels of the lock are not here: {', '.join(missing[:3])}{more}"


def here(name: str, entry: str, store: Path, package: Path) -> list[Path]:
    """Return the files that an entry of a lock file can be installed from."""
    if name in wheelhouse.SOURCES:
        pin = entry.partition(" ")[0].partition(";")[0]
        version = pin.partition("==")[2]
        return sorted(package.glob(f"{name.replace('-', '_')}-{version}-*.whl"))
    files = (
        path for digest in _HASH.findall(entry) for path in sorted((store / digest).glob("*.whl"))
    )
    return [path for path in files if is_ours(path.name)]


def is_ours(wheel: str) -> bool:
    """Tell from the name of a wheel whether this Python can use it.

    A name ends with tags of Python, ABI and platform (packaging.python.org, "Binary distribution format").
    The platform is this one: pip fetched it here.
    """
    tags = wheel.removesuffix(".whl").split("-")[2:]
    if len(tags) < 3:  # noqa: PLR2004 - as above
        return False
    pythons, abis = (tag.split(".") for tag in tags[-3:-1])
    if "abi3" in abis:
        return any(_is_old_enough(python) for python in pythons)
    ours = _OURS in pythons and not {_OURS, "none"}.isdisjoint(abis)
    return ours or ("py3" in pythons and "none" in abis)


def _is_old_enough(python: str) -> bool:
    """Tell whether what was made for a Python of 3 by its stable ABI runs on this one, too."""
    minor = python.removeprefix("cp3")
    return minor.isdecimal() and python.startswith("cp3") and int(minor) <= sys.version_info.minor


def fetch(lock: Path, store: Path, package: Path, into: Path, pip: Path) -> list[str]:
    """Bring what is missing from the index that pip is set up for; return its names.

    Raises MissingError for what no index has as a wheel, CalledProcessError where pip said why.
    """
    wanted = wheelhouse.requirements(lock)
    names = [
        name
        for name, entry in wanted.items()
        if name not in wheelhouse.LEFT_OUT and not here(name, entry, store, package)
    ]
    if sources := [name for name in names if name in wheelhouse.SOURCES]:
        raise MissingError(_why(sources, wanted), sources)
    if is_the_package_s(lock, package) or not names:
        return []
    into.mkdir(exist_ok=True)
    listed = into / "requirements.txt"
    listed.write_text("".join(f"{wanted[name]}\n" for name in names))
    command: list[str | Path] = [
        *(sys.executable, "-I", f"{pip}/pip", "--no-input", "--disable-pip-version-check"),
        *("download", "-qq", "--no-deps", "--require-hashes", "--only-binary=:all:"),
        *("--no-cache-dir", "--progress-bar", "off", "--dest", into, "--requirement", listed),
    ]
    subprocess.run(command, check=True)
    listed.unlink()
    return names
