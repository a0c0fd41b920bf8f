"""The wheels of a release, from the lock file: fetched once, each checked by its hash, for every Python."""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

PYTHONS = ("3.11", "3.12", "3.13")
# Debian 12 has glibc 2.36: whatever is made for older ones runs on it.
PLATFORMS = {
    "amd64": [f"manylinux_2_{minor}_x86_64" for minor in (28, 17)] + ["manylinux2014_x86_64"],
    "arm64": [f"manylinux_2_{minor}_aarch64" for minor in (28, 17)] + ["manylinux2014_aarch64"],
}
# What is locked and not part of a release, each with its reason.
LEFT_OUT = {
    "setuptools": "builds wheels, here",
    "pywin32": "is for Windows",
    "cryptography": "15 MB, with which mcp checks tokens of its own servers; nothing here has one",
    "cffi": "is for cryptography",
    "pycparser": "is for cffi",
}
# What comes as source only, and is built here with the locked setuptools.
SOURCES = ("sdnotify",)
# The CLI that Claude's SDK brings, ten times as large as everything else: an operator installs the one that they want.
WITHOUT = re.compile(r"claude_agent_sdk/_bundled/")
THEN = (1980, 1, 1, 0, 0, 0)


def requirements(lock: Path) -> dict[str, str]:
    """Return each entry of a lock file by its name: the pin and its hashes, without comments."""
    entries = lock.read_text().replace("\\\n", " ").splitlines()
    found = (re.sub(r" +", " ", entry) for entry in entries if re.match(r"[A-Za-z0-9]", entry))
    return {entry.partition("==")[0]: entry for entry in found}


def place() -> Path:
    """Return where wheels are kept: with what was prepared for gates, or with what else one can do without."""
    prepared = Path(os.environ.get("PMRUNNER_PREPARED") or "/nowhere", "cache")
    if prepared.is_dir():
        return prepared
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "pm-runner")


def fill(cache: Path, lock: Path, architecture: str) -> Path:
    """Return a directory with the wheels and a requirements.txt for them; it is made once for each lock.

    Raises ValueError for an architecture that no wheels are made for, CalledProcessError where pip
    cannot fetch them and said why.
    """
    if architecture not in PLATFORMS:
        raise ValueError(f"no wheels are made for {architecture}, only for {', '.join(PLATFORMS)}")
    made_by = [lock.read_bytes(), Path(__file__).read_bytes(), architecture.encode()]
    whole = hashlib.sha256(b"\0".join(made_by)).hexdigest()
    wheels = cache / f"wheels-{whole[:16]}"
    if wheels.exists():
        return wheels
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock_file:
        fcntl.flock(lock_file, fcntl.LOCK_EX)  # whoever waits for it finds the wheels
        if not wheels.exists():
            make(wheels, requirements(lock), PLATFORMS[architecture])
    return wheels


def make(wheels: Path, wanted: dict[str, str], platforms: list[str]) -> None:
    """Fetch, build and repack what is wanted, beside its place, and move it there whole."""
    with tempfile.TemporaryDirectory(prefix=".fetching-", dir=wheels.parent) as name:
        fetched, kept = Path(name, "fetched"), Path(name, "kept")
        fetched.mkdir()
        kept.mkdir()
        pip = Pip(Path(name, "environment"))
        pip.run("install", lines=[wanted["setuptools"]])
        fetch(pip, fetched, wanted, platforms)
        build(pip, fetched, wanted)
        for path in sorted(fetched.glob("*.whl")):
            repack(path, kept / path.name)
        kept.joinpath("requirements.txt").write_text("".join(pinned(kept, wanted)))
        kept.rename(wheels)


class Pip:
    """A pip in an environment of its own, whatever Python this machine's people work with."""

    def __init__(self, environment: Path) -> None:
        subprocess.run([sys.executable, "-m", "venv", environment], check=True)
        self._python = environment / "bin" / "python"

    def run(self, verb: str, *words: str | Path, lines: list[str]) -> None:
        """Run a verb for hashed requirements; what it says of a failure goes to standard error."""
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write("\n".join(lines) + "\n")
            file.flush()
            subprocess.run(
                [self._python, "-m", "pip", "--no-input", "--disable-pip-version-check", verb, "-qq",
                 "--require-hashes", *words, "--requirement", file.name],
                check=True, env=os.environ | {"SOURCE_DATE_EPOCH": "315532800"},
            )  # fmt: skip


def fetch(pip: Pip, into: Path, wanted: dict[str, str], platforms: list[str]) -> None:
    """Have what is locked come from the index that pip is set up for, for each Python."""
    names = [name for name in wanted if name not in (*LEFT_OUT, *SOURCES)]
    for python in PYTHONS:
        tag = f"cp{python.replace('.', '')}"
        pip.run(
            *("download", "--no-deps", "--only-binary=:all:", "--python-version", python),
            *(word for abi in (tag, "abi3", "none") for word in ("--abi", abi)),
            *(word for platform in platforms for word in ("--platform", platform)),
            *("--implementation", "cp", "--progress-bar", "off", "--dest", into),
            lines=[wanted[name] for name in names],
        )
        # What one Python alone can use, the next one needs, too.
        names = [named(path) for path in into.glob(f"*-{tag}-{tag}-*.whl")]


def sources(into: Path, lock: Path) -> None:
    """Make those wheels alone that no index has, where a checkout is run and no package brings them.

    Raises CalledProcessError where pip cannot, and said why.
    """
    wanted = requirements(lock)
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".making-", dir=into) as name:
        made = Path(name, "made")
        pip = Pip(Path(name, "environment"))
        pip.run("install", lines=[wanted["setuptools"]])
        build(pip, made, wanted)
        for path in made.glob("*.whl"):
            repack(path, Path(name, path.name))
            Path(name, path.name).rename(into / path.name)


def named(wheel: Path) -> str:
    """Return the name of a wheel, as a lock spells it."""
    return wheel.name.partition("-")[0].lower().replace("_", "-")


def build(pip: Pip, into: Path, wanted: dict[str, str]) -> None:
    """Make wheels of what comes as source, with nothing that the lock does not name."""
    how = ("--no-deps", "--no-build-isolation", "--use-pep517", "--no-binary=:all:")
    pip.run("wheel", *how, "--wheel-dir", into, lines=[wanted[name] for name in SOURCES])


def repack(wheel: Path, into: Path) -> None:
    """Copy a wheel without what is not to be installed; one that has nothing of that stays as it is.

    What was made here gets a time that says nothing, as what was left out of does.
    """
    with zipfile.ZipFile(wheel) as before:
        names = before.namelist()
        if not any(map(WITHOUT.match, names)) and not wheel.name.startswith(SOURCES):
            shutil.copyfile(wheel, into)
            return
        # Stored as it is: what compresses differs from machine to machine.
        with zipfile.ZipFile(into, "w") as after:
            for name in sorted(names):
                if not WITHOUT.match(name):
                    after.writestr(zipfile.ZipInfo(name, THEN), before.read(name))


def pinned(wheels: Path, wanted: dict[str, str]) -> list[str]:
    """Return the lines that say, by hash, which file each pin of the lock is by now."""
    hashes: dict[str, list[str]] = {}
    for path in sorted(wheels.glob("*.whl")):
        hashes.setdefault(named(path), []).append(hashlib.sha256(path.read_bytes()).hexdigest())
    lines = []
    for name, entry in sorted(wanted.items()):
        if name not in LEFT_OUT:
            pin = entry.partition(" ")[0].partition(";")[0]
            lines += [pin, *(f" \\\n    --hash=sha256:{digest}" for digest in hashes[name]), "\n"]
    return lines


if __name__ == "__main__":
    os.umask(0o022)
    sources(Path(sys.argv[1]), Path(__file__).resolve().parent / "requirements-release.lock")
