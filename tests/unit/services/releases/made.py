"""A release on the disk, as the builder leaves it, with keys and papers that are really signed."""

import asyncio
import hashlib
import shutil
import subprocess
from pathlib import Path
from typing import Any

import msgspec

from pmrunnerd.model import proof
from pmrunnerd.rules.proof import canonical, manifest
from pmrunnerd.services import signatures
from pmrunnerd.services.releases import tree
from tests.unit.rules.proof import samples


def key(directory: Path, name: str = "release") -> Path:
    """Make a key of one who signs; its public half is beside it."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / name
    command: list[str | Path] = [
        "ssh-keygen",
        "-q",
        "-t",
        "ed25519",
        "-N",
        "",
        "-C",
        name,
        "-f",
        path,
    ]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return path


def public(path: Path) -> str:
    """Return the public half of a key, without its comment."""
    return " ".join(path.with_suffix(".pub").read_text().split()[:2])


def allow(file: Path, *lines: str) -> Path:
    """Write a list of those who may sign: each line is a name, options and a key."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(f"{line}\n" for line in lines))
    return file


def signer(root: Path) -> Path:
    """Make the key that signs below a root, and have it believed there."""
    made = key(root / "etc/pm-runner/keys")
    (made.parent / "signer").write_text(f"{samples.SIGNER}\n")
    line = f'{samples.SIGNER} namespaces="pm-runner" {public(made)}'
    allow(root / "etc/pm-runner/allowed_signers", line)
    return made


class Made:
    """A root with one release of prod, which `dist` points to."""

    def __init__(self, root: Path, **said: Any) -> None:
        self.root = root
        self.home = root / "opt/pm-runner/prod"
        building = self.home / "releases/building"
        (building / "lib/cake").mkdir(parents=True)
        (building / "lib/cake/__init__.py").write_text("")
        (building / "lib/cake/bake.py").write_text("heat = 180\n")
        self.listing = manifest.write(tree.look(building / "lib"))
        self.facts = samples.release(tree=manifest.digest(self.listing), **said)
        (building / proof.MANIFEST).write_bytes(self.listing)
        (building / proof.RELEASE).write_bytes(msgspec.json.encode(self.facts))
        for path in (building, *building.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        self.name = self.facts.id
        self.release = building.rename(building.with_name(self.name))
        (self.home / "dist").symlink_to(Path("releases", self.name))

    def record(self, **changed: Any) -> bytes:
        """Return the record of gates that passed for this tree."""
        return msgspec.json.encode(samples.run(**({"build": self.facts.tree} | changed)))

    def draft(self, name: str = "p1", **changed: Any) -> Path:
        """Write a draft, as whoever promotes does."""
        place = self.root / "var/lib/pm-runner/promote/prod" / name
        place.mkdir(parents=True)
        record = self.record()
        whole = samples.statement(record, self.facts, **({"signer": "", "signed": 0} | changed))
        (place / proof.STATEMENT).write_bytes(canonical.encode(whole))
        (place / proof.EVIDENCE).write_bytes(samples.EVIDENCE)
        (place / proof.GATES).write_bytes(record)
        for path in (place.parent, place):
            path.chmod(0o755)
        for path in place.iterdir():
            path.chmod(0o644)
        return place

    def keys(self) -> Path:
        """Make the key that signs, and have it believed."""
        return signer(self.root)

    def sign(self, **changed: Any) -> Path:
        """Put the papers beside the release, signed without anybody looking at what they say."""
        secret = self.root / "etc/pm-runner/keys/release"
        secret = secret if secret.exists() else self.keys()
        record = self.record()
        whole = canonical.encode(samples.statement(record, self.facts, **changed))
        place = self.release / proof.PAPERS
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        place.chmod(0o755)
        signature = asyncio.run(signatures.sign(whole, secret))
        parts = {
            proof.STATEMENT: whole,
            proof.SIGNATURE: signature,
            proof.EVIDENCE: samples.EVIDENCE,
            proof.GATES: record,
        }
        for name, data in parts.items():
            (place / name).write_bytes(data)
            (place / name).chmod(0o644)
        return place


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
