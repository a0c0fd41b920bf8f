"""What whoever asks is told of a section: checked, or begun."""

from pmrunnerd.model.errors import Refused
from pmrunnerd.model.evidence import NAME, Account, Found, Lying
from pmrunnerd.model.gates import GateRun
from pmrunnerd.model.views import EvidenceDraft, EvidenceView
from pmrunnerd.rules.evidence.check import check
from pmrunnerd.rules.evidence.lines import read
from pmrunnerd.rules.evidence.placing import place
from pmrunnerd.rules.evidence.seal import canonical
from pmrunnerd.rules.evidence.template import inserted, marks, template


def checked(
    found: Found, account: Account, record: GateRun | None, *, compares: bool = True
) -> EvidenceView:
    """Return a section as it was found, and all that is wrong with it."""
    said = check(found, account, record, compares=compares)
    return EvidenceView(
        source=account.source,
        commit=account.commit,
        base=account.base,
        areas=tuple(area.name for area in account.changed),
        complaints=said.complaints,
        seal=said.seal,
        line=said.section.line if said.section else 0,
        title=said.section.title if said.section else "",
        compared=compares,
    )


def text(found: Found, source: str) -> str:
    """Return the section about a source as it is hashed, and so approved; empty where there is none."""
    section = place(found, source).section
    return canonical(section).decode(errors="replace") if section is not None else ""


def begun(found: Found, account: Account, record: GateRun | None) -> EvidenceDraft:
    """Return the section that is to be completed, and the file with it; the one that is there, if it is.

    Raises Refused where nothing can be added to what lies there.
    """
    placed = place(found, account.source)
    if placed.section is not None:
        section = "\n".join(line.raw for line in placed.section.lines)
        return _draft(account, section, was_there=True)
    whole = ""
    if found.lying is Lying.FILE:
        try:
            whole = found.data.decode("utf-8-sig")
        except UnicodeDecodeError:
            _refuse(placed.complaints[0].what, placed.complaints[0].remedy)
    if found.lying not in {Lying.FILE, Lying.MISSING} or "\0" in whole or read(whole).unclosed:
        _refuse(placed.complaints[0].what, placed.complaints[0].remedy)
    section = template(account, record)
    return _draft(account, section, file=inserted(whole, section))


def _refuse(what: str, remedy: str) -> None:
    raise Refused(f"cannot write {NAME}: {what}", hint=remedy)


def _draft(
    account: Account, section: str, *, file: str = "", was_there: bool = False
) -> EvidenceDraft:
    return EvidenceDraft(
        source=account.source,
        commit=account.commit,
        section=section,
        places=sum(1 for line in read(section).lines for _ in marks(line.text)),
        file=file,
        was_there=was_there,
    )
