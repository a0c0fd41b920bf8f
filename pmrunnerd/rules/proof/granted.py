"""By what right a release runs: what the statement claims, against what lies beside it."""

import hashlib
from typing import Final

from pmrunnerd.model.statement import Statement
from pmrunnerd.rules.proof.claims import BadRecord, claims, read, unmet
from pmrunnerd.rules.proof.found import Found
from pmrunnerd.rules.proof.said import Said, absent, fails, holds, unread

# Gates that are named in a line; the others are counted.
_NAMED: Final = 3


def of_this(found: Found, statement: Statement | None, why: str) -> Said:
    """Tell whether the statement is of this very release."""
    if statement is None:
        if why:
            return fails(why)
        return absent("nobody signed for it: it was not gated here")
    facts, predicate, paper = found.facts, statement.predicate, found.papers.release
    if facts is None or not isinstance(paper, bytes):
        return fails("what it is of cannot be read")
    if len(statement.subject) != 1:
        return fails(f"it is of {len(statement.subject)} subjects, and not of one")
    subject = statement.subject[0]
    claimed = {
        "release": (subject.name, facts.id),
        "tree": (subject.digest.get("sha256", "none"), facts.tree),
        "facts": (predicate.facts, hashlib.sha256(paper).hexdigest()),
        "source": (predicate.source, facts.source),
        "lock": (predicate.lock, facts.lock),
        "Python": (predicate.soabi, facts.soabi),
        "level": (str(predicate.level), str(facts.level)),
        "environment": (predicate.environment, found.environment or predicate.environment),
    }
    wrong = [
        f"it is of {name} {said[:20]}, and this is {true[:20]}"
        for name, (said, true) in claimed.items()
        if said != true
    ]
    if wrong:
        return fails(*wrong)
    unconfined = "; agents may run UNCONFINED" if predicate.unconfined else ""
    return holds(f"it is of this tree, for {predicate.environment}{unconfined}")


def signature(found: Found, statement: Statement | None) -> Said:
    """Tell whose signature it is."""
    if found.papers.statement is None:
        if found.papers.signature is not None:
            return fails("there is a signature, and not what was signed")
        return absent("there is none")
    if found.papers.signature is None:
        return fails("what was signed is there, and no signature of it")
    if found.signed is None or statement is None:
        return fails("what was signed cannot be read")
    if found.signed.why:
        return fails(found.signed.why)
    return holds(f"{statement.predicate.signer} signed it with {found.signed.key}")


def source(found: Found, statement: Statement | None) -> Said:
    """Tell what it was built of."""
    if statement is not None:
        predicate = statement.predicate
        return holds(
            f"commit {predicate.commit[:12]}, source {predicate.source[:12]},"
            f" built by {predicate.builder.name}"
        )
    facts = found.facts
    if facts is None or found.papers.statement is not None:
        return fails("what it was built of cannot be read")
    if found.package and facts.source == found.package:
        return holds(f"built from the package: source {facts.source[:12]} is the package's")
    if found.package:
        return absent(
            f"source {facts.source[:12]} is not that of the package, which is {found.package[:12]}"
        )
    return absent(f"source {facts.source[:12]}, and nobody says whose that is")


def gates(found: Found, statement: Statement | None) -> Said:
    """Tell whether all gates passed, for this very content."""
    paper = found.papers.gates
    if statement is None:
        return absent("it was not gated here")
    if not isinstance(paper, bytes):
        return fails(unread(paper, "the record of its gates"))
    try:
        run = read(paper)
        claim = statement.predicate.gates
        drawn = claims(paper, weaker=claim.weaker, weaker_by=claim.weaker_by)
    except BadRecord as exc:
        return fails(str(exc))
    if drawn.record != claim.record:
        return fails("the record of its gates is not the one that was signed")
    wrong = unmet(
        run,
        source=statement.predicate.source,
        tree=statement.subject[0].digest.get("sha256", "") if statement.subject else "",
    )
    if drawn != claim:
        wrong.append("the statement claims of its gates what their record does not say")
    if wrong:
        return fails(*wrong)
    return holds(_passed(statement))


def _passed(statement: Statement) -> str:
    claim = statement.predicate.gates
    tests = sum(result.tests or 0 for result in claim.results)
    names = [result.name for result in claim.results]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    said = [f"{', '.join(names[:_NAMED])}{more} passed with {tests} tests (gate run {claim.run})"]
    said += [
        f"{one.name} answered by {one.answered_by}" for one in claim.results if one.answered_by
    ]
    said += [f"{one.name} attested by {one.signed_by}" for one in claim.results if one.signed_by]
    if claim.weaker:
        said.append(f"weaker than before, accepted by {claim.weaker_by}")
    return "; ".join(said)


def evidence(found: Found, statement: Statement | None) -> Said:
    """Tell whether the evidence is the one that was signed, and of this source."""
    paper = found.papers.evidence
    if statement is None:
        return absent("there is none")
    if not isinstance(paper, bytes):
        return fails(unread(paper, "its evidence"))
    digest = hashlib.sha256(paper).hexdigest()
    if digest != statement.predicate.evidence:
        return fails(
            f"its section has digest {digest[:12]}, and {statement.predicate.evidence[:12]} was signed"
        )
    if statement.predicate.source.encode() not in paper:
        return fails("its section does not name this source")
    return holds(f"section {digest[:12]} is about this source")


def approval(statement: Statement | None) -> Said:
    """Tell who approved it, and whether that was this."""
    if statement is None:
        return absent("nobody approved it")
    predicate = statement.predicate
    approval = predicate.approval
    wrong = []
    if approval.evidence != predicate.evidence:
        wrong.append(
            f"{approval.by} approved section {approval.evidence[:12]}, not {predicate.evidence[:12]}"
        )
    if not approval.by:
        wrong.append("it does not say who approved it")
    if predicate.signed and approval.at > predicate.signed:
        wrong.append("it was signed before it was approved")
    if predicate.gates.weaker and not predicate.gates.weaker_by:
        wrong.append("its gates are weaker than before, and nobody accepted that")
    if wrong:
        return fails(*wrong)
    return holds(f"{approval.by} approved that section")
