"""A statement before it is signed, out of what is known once a release was gated and approved."""

import hashlib

from msgspec import Struct

from pmrunnerd.model.proof import Release
from pmrunnerd.model.statement import Approval, Builder, Predicate, Statement, Subject
from pmrunnerd.rules.proof.claims import claims


class Grounds(Struct, frozen=True, kw_only=True):
    """By what right a release is to run.

    `record` are the bytes of its gate run's record, `section` those of the evidence's section, in its canonical
    text. `weaker` is the digest of what is weaker than before, and `weaker_by` who accepted it.
    """

    environment: str
    commit: str
    git_tree: str
    record: bytes
    section: bytes
    approved_by: str
    approved_at: int
    builder: Builder
    weaker: str = ""
    weaker_by: str = ""
    unconfined: bool = False


def draft(facts: Release, paper: bytes, grounds: Grounds) -> Statement:
    """Return what is to be signed; `paper` is what `facts` were read from. Raises BadRecord."""
    evidence = hashlib.sha256(grounds.section).hexdigest()
    return Statement(
        subject=(Subject(name=facts.id, digest={"sha256": facts.tree}),),
        predicate=Predicate(
            environment=grounds.environment,
            facts=hashlib.sha256(paper).hexdigest(),
            commit=grounds.commit,
            git_tree=grounds.git_tree,
            source=facts.source,
            lock=facts.lock,
            soabi=facts.soabi,
            level=facts.level,
            gates=claims(grounds.record, weaker=grounds.weaker, weaker_by=grounds.weaker_by),
            evidence=evidence,
            approval=Approval(by=grounds.approved_by, at=grounds.approved_at, evidence=evidence),
            builder=grounds.builder,
            unconfined=grounds.unconfined,
        ),
    )
