"""What whoever promotes writes down to be signed: what was really found of a release, and nothing else."""

import hashlib
from pathlib import Path
from typing import Any

import msgspec

from pmrunnerd.model.gates import GateRun
from pmrunnerd.model.proof import EVIDENCE, GATES, STATEMENT, Release
from pmrunnerd.model.statement import Approval
from pmrunnerd.rules.evidence import seal, sections
from pmrunnerd.rules.proof import canonical
from pmrunnerd.rules.proof.claims import claims
from tests.unit.rules.proof import samples


def lay(place: Path, environment: str, about: bytes, record: Any, text: str) -> str:
    """Make a draft of a `release.json`, a gate run as a client has it, and EVIDENCE.md; return the seal of the section."""
    facts = msgspec.json.decode(about, type=Release)
    gates = msgspec.json.encode(msgspec.convert(record, GateRun))
    section = seal.canonical(sections.of_text(text)[0])
    sealed = hashlib.sha256(section).hexdigest()
    said = {
        "environment": environment,
        "facts": hashlib.sha256(about).hexdigest(),
        "commit": record["commit"],
        "source": facts.source,
        "lock": facts.lock,
        "soabi": facts.soabi,
        "level": facts.level,
        "gates": claims(gates),
        "evidence": sealed,
        "approval": Approval(by="anna", at=1000, evidence=sealed),
        "signer": "",
        "signed": 0,
    }
    whole = canonical.encode(samples.statement(gates, facts, **said))
    place.mkdir(mode=0o755, parents=True)
    for file, data in ((STATEMENT, whole), (EVIDENCE, section), (GATES, gates)):
        (place / file).write_bytes(data)
        (place / file).chmod(0o644)
    return sealed
