"""A release of two files with everything that belongs to it, as bytes; and the same with one thing changed."""

import hashlib
from typing import Any

import msgspec

from pmrunnerd.model.gates import Counted, Gate, GateResult, GateRun, GateSet, Verdict
from pmrunnerd.model.proof import Holding, Outcome, Release
from pmrunnerd.model.statement import Approval, Builder, Predicate, Statement, Subject
from pmrunnerd.rules.proof import canonical, chain, manifest, standing
from pmrunnerd.rules.proof.claims import claims
from pmrunnerd.rules.proof.found import Found, Papers, Signed, Standing

SOURCE = "5" * 64
SIGNER = "pm-runner@here"
FILES = {
    "cake/__init__.py": manifest.Entry("file", "a" * 64),
    "cake/bake.py": manifest.Entry("file", "b" * 64),
}
LISTING = manifest.write(FILES)
TREE = manifest.digest(LISTING)
EVIDENCE = f"## {SOURCE}\n\nThe cake is larger.\n".encode()


def release(**changed: Any) -> Release:
    about: dict[str, Any] = {
        "format": 2,
        "id": "",
        "version": "0.1.0",
        "source": SOURCE,
        "python": "3.11.2",
        "soabi": "cpython-311-x86_64-linux-gnu",
        "tree": TREE,
        "files": len(FILES),
        "bytes": 2,
        "lock": "d" * 64,
        "level": 1,
    }
    facts = Release(**(about | changed))
    return facts if facts.id else msgspec.structs.replace(facts, id=standing.name_of(facts))


def result(gate: str = "unit", **changed: Any) -> GateResult:
    about: dict[str, Any] = {
        "gate": gate,
        "verdict": Verdict.PASSED,
        "definition": "e" * 64,
        "inputs": SOURCE,
        "started": 10.5,
        "seconds": 2.25,
        "status": 0,
        "tests": Counted(ran=7),
        "log": "1" * 64,
    }
    return GateResult(**(about | changed))


def run(*results: GateResult, **changed: Any) -> GateRun:
    about: dict[str, Any] = {
        "id": "g1",
        "project": "w1",
        "commit": "c" * 40,
        "source": SOURCE,
        "build": TREE,
        "definitions": "f" * 64,
        "gates": GateSet(
            gates=(Gate(name="unit", command="make test", tests="junit.xml"),),
            source="pm-runner.toml",
        ),
        "wanted": ("unit",),
        "started": 10.0,
        "results": results or (result(),),
        "ended": 13.0,
    }
    return GateRun(**(about | changed))


def predicate(record: bytes, about: Release, /, **changed: Any) -> Predicate:
    digest = hashlib.sha256(EVIDENCE).hexdigest()
    said: dict[str, Any] = {
        "environment": "prod",
        "facts": hashlib.sha256(msgspec.json.encode(about)).hexdigest(),
        "commit": "c" * 40,
        "git_tree": "9" * 40,
        "source": SOURCE,
        "lock": "d" * 64,
        "soabi": "cpython-311-x86_64-linux-gnu",
        "level": 1,
        "gates": claims(record),
        "evidence": digest,
        "approval": Approval(by="anna", at=1000, evidence=digest),
        "builder": Builder(name="build unit", at=900),
        "signer": SIGNER,
        "signed": 1100,
    }
    return Predicate(**(said | changed))


def statement(record: bytes, facts: Release | None = None, /, **changed: Any) -> Statement:
    facts = facts or release()
    return Statement(
        subject=(Subject(name=facts.id, digest={"sha256": facts.tree}),),
        predicate=predicate(record, facts, **changed),
    )


def papers(gate_run: GateRun | None = None, **changed: Any) -> Papers:
    record = msgspec.json.encode(gate_run or run())
    return Papers(
        release=msgspec.json.encode(release()),
        manifest=LISTING,
        statement=canonical.encode(statement(record, **changed)),
        signature=b"signed",
        evidence=EVIDENCE,
        gates=record,
    )


def found(about: Papers | None = None, **changed: Any) -> Found:
    facts = release()
    whole: dict[str, Any] = {
        "name": facts.id,
        "environment": "prod",
        "papers": about or papers(),
        "standing": Standing(files=FILES, dist=facts.id),
        "signed": Signed(key="SHA256:abc"),
    }
    return Found(**(whole | changed))


def wrong(what: Found) -> dict[str, str]:
    """Return each link that does not hold, and why."""
    return {link.name: link.why for link in chain.links(what) if link.holding is not Holding.HOLDS}


def comes_to(what: Found) -> Outcome:
    return chain.outcome(chain.links(what))
