"""The chain from a commit to what runs: each link is looked at by itself, and all of them must hold."""

from collections.abc import Iterable

from pmrunnerd.model.proof import Holding, Link, Outcome
from pmrunnerd.model.statement import Statement
from pmrunnerd.rules.proof import canonical, granted, standing
from pmrunnerd.rules.proof.found import Found, Paper
from pmrunnerd.rules.proof.said import Said


def links(found: Found) -> tuple[Link, ...]:
    """Return every link, each with its reason."""
    statement, why = _statement(found.papers.statement)
    said: dict[str, Said] = standing.here(found) | {
        "tree": standing.tree(found),
        "statement": granted.of_this(found, statement, why),
        "signature": granted.signature(found, statement),
        "source": granted.source(found, statement),
        "gates": granted.gates(found, statement),
        "evidence": granted.evidence(found, statement),
        "approval": granted.approval(statement),
    }
    return tuple(Link(name=name, holding=holding, why=why) for name, (holding, why) in said.items())


def outcome(found: Iterable[Link]) -> Outcome:
    """Return what the links come to."""
    each = {link.holding for link in found}
    if Holding.FAILS in each:
        return Outcome.REFUTED
    return Outcome.UNSIGNED if Holding.ABSENT in each else Outcome.PROVED


def _statement(paper: Paper) -> tuple[Statement | None, str]:
    if not isinstance(paper, bytes):
        return None, paper or ""
    try:
        return canonical.decode(paper), ""
    except canonical.BadStatement as exc:
        return None, str(exc)
