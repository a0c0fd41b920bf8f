"""What is installed is what is written down: lock files and pyproject.toml agree, every file by hash."""

import re
import tomllib
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PIN: Final = re.compile(r"(?P<name>[A-Za-z0-9._-]+)==(?P<version>\S+)(?P<rest>.*)")
HASH: Final = "--hash=sha256:"


def asked_for(root: Path) -> dict[str, list[Requirement]]:
    """Return what each lock file is made for: run time and the build backend; the agent; a release; the tests."""
    project = tomllib.loads(root.joinpath("pyproject.toml").read_text())
    running = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    extras = project["project"]["optional-dependencies"]
    claude = [*running, *extras.get("claude", [])]
    # The tests' extra names the agent's, by the name of this very package.
    testing = [text for text in extras["test"] if not text.startswith("pm-runner[")]
    both = [*claude, *extras.get("acp", [])]
    found = {
        "packaging/requirements.lock": running,
        **({"packaging/requirements-claude.lock": claude} if "claude" in extras else {}),
        **({"packaging/requirements-release.lock": both} if "acp" in extras else {}),
        "packaging/requirements-test.lock": [*both, *testing],
    }
    return {name: [Requirement(text) for text in texts] for name, texts in found.items()}


def pins(lock: Path) -> tuple[dict[str, str], list[str]]:
    """Return the version of each name in a lock file, and each line that is no hashed pin."""
    found: dict[str, str] = {}
    strange = []
    for entry in lock.read_text().replace("\\\n", " ").splitlines():
        if not entry or entry.lstrip().startswith("#"):
            continue
        pin = PIN.match(entry)
        if pin and HASH in pin["rest"] and "://" not in entry:
            found[canonicalize_name(pin["name"])] = pin["version"]
        else:
            strange.append(f"{lock.name}: not a pin with a hash: {entry}")
    return found, strange


def disagreements(root: Path) -> list[str]:
    """Return each difference between what pyproject.toml asks for and what the locks hold."""
    found: list[str] = []
    seen: dict[str, str] = {}
    for name, requirements in asked_for(root).items():
        held, strange = pins(root / name)
        found += strange
        for requirement in requirements:
            version = held.get(canonicalize_name(requirement.name))
            if version is None:
                found.append(f"{name}: lacks {requirement.name}; run packaging/lock")
            elif version not in requirement.specifier:
                found.append(f"{name}: {requirement.name} {version} is not {requirement.specifier}")
        found += [
            f"{name}: {other} {held.get(other)}, and {version} where it runs"
            for other, version in seen.items()
            if held.get(other) != version
        ]
        seen = held
    return found
