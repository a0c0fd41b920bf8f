"""`evidence`: what is said of a commit beside its gates, begun and checked, with a daemon or without."""

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

from pmrunnerctl import complete, offline
from pmrunnerctl.amounts import count
from pmrunnerctl.exits import Exit, misused
from pmrunnerctl.render import Cell, Screen
from pmrunnerctl.session import Session
from pmrunnerctl.verbs import NamedPath, Noun, verb
from pmrunnerd.model import protocol as p
from pmrunnerd.model.evidence import NAME
from pmrunnerd.model.views import EvidenceDraft, EvidenceView

_SYNTACTIC: Final = "looked at as text: whether it is true is for whoever approves it"
_WRITE: Final = "evidence write"
_SHORT: Final = 12
_ABOUT: Final = (
    click.argument("named", required=False, metavar="[PROJECT]", shell_complete=complete.aliases),
    # As it was called before.
    click.option("--project", hidden=True),
    click.option("--commit", metavar="COMMIT", default="HEAD", help="Of which content (HEAD)."),
    click.option(
        "--base", metavar="COMMIT", help="What it is compared with; else the section before."
    ),
    click.option(
        "--offline",
        "directory",
        type=NamedPath(exists=True, file_okay=False, path_type=Path),
        metavar="DIR",
        help="The top of a checkout, without asking a daemon.",
    ),
    click.option(
        "--records",
        type=NamedPath(exists=True, dir_okay=False, path_type=Path),
        metavar="FILE",
        help="With --offline: the gate run, as JSON.",
    ),
)


def _about(function: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(_ABOUT):
        function = option(function)
    return function


@verb(
    "evidence write",
    _about,
    click.option("--print", "printed", is_flag=True, help="Print the section; write nothing."),
    what="Without a project it is the one in which you stand. What the repository and the gates say is there; what only who looked can say is marked TO COMPLETE:"
    " what changed in each area, what was tried beyond the gates, what was not. It stands before the other"
    f" sections of {NAME} in the project's workspace, where it waits for you to complete and commit it; until"
    " then no run of the project begins. One that is there already stays as it is.",
    example="pmrunnerctl evidence write runner --print",
    then="pmrunnerctl evidence check runner --uncommitted",
)
def write(session: Session, *, printed: bool, **given: Any) -> None:
    if given["directory"] is not None:
        options = ["--printed"] if printed else []
        draft = _offline("evidence-write", EvidenceDraft, options, **given)
    else:
        about = _request(session, **given)
        draft = session.ask(p.EvidenceWrite(printed=printed, **about))
    session.show(draft, lambda _: draw_draft(session.out, draft, _of(given), printed=printed))


@verb(
    "evidence check",
    _about,
    click.option("--uncommitted", is_flag=True, help=f"Look at {NAME} as it lies there."),
    what=f"Looks at {NAME} of the commit, and holds its gate table against the records. It is a check of"
    " texts: it can tell that something is missing, copied or left over, never that it is true. Whoever"
    " approves a promotion sees the section, and approves its hash. Exit status 8 where something is wrong.",
    example="pmrunnerctl evidence check --offline .",
    then="pmrunnerctl evidence write",
)
def check(session: Session, *, uncommitted: bool, **given: Any) -> None:
    if given["directory"] is not None:
        options = ["--uncommitted"] if uncommitted else []
        found = _offline("evidence-check", EvidenceView, options, **given)
    else:
        about = _request(session, **given)
        found = session.ask(p.EvidenceCheck(uncommitted=uncommitted, **about))
    session.show(found, lambda _: draw_view(session.out, found, _of(given)))
    if found.complaints:
        session.end(Exit.ENDED_BADLY)


evidence = Noun("evidence", write, check, about="What is said of a commit beside its gates.")


def _offline(  # noqa: PLR0913 - each is an option
    word: str,
    reply: Any,
    options: list[str],
    *,
    named: str | None,
    project: str | None,
    commit: str,
    base: str | None,
    directory: Path,
    records: Path | None,
) -> Any:
    if (named or project) is not None:
        raise misused("cannot name a project with --offline: DIR says which", hint=_HINT)
    words = ["--directory", str(directory.absolute()), f"--commit={commit}", *options]
    words += [f"--base={base}"] if base else []
    words += ["--records", str(records.absolute())] if records else []
    return offline.ask(word, reply, *words)


def _request(  # noqa: PLR0913 - each is an option
    session: Session,
    *,
    named: str | None,
    project: str | None,
    commit: str,
    base: str | None,
    directory: None,
    records: Path | None,
) -> dict[str, Any]:
    del directory
    if records is not None:
        raise misused("cannot use --records without --offline: the daemon has its own", hint=_HINT)
    return {"project": named or project or _here(session), "commit": commit, "base": base}


_HINT: Final = "pmrunnerctl evidence check -h"


def _here(session: Session) -> str:
    """Return the project in whose directory we are, or the only one."""
    known = session.ask(p.ProjectList()).projects
    here = Path.cwd()
    around = [row for row in known if here.is_relative_to(row.path)]
    if len(around or known) == 1:
        return (around or list(known))[0].id
    raise misused(
        "cannot tell which project is meant",
        hint="pmrunnerctl evidence check PROJECT   # one of pmrunnerctl project list",
    )


def draw_draft(screen: Screen, draft: EvidenceDraft, of: str = "", *, printed: bool) -> None:
    """Write a section that is to be completed, or where it stands."""
    if printed:
        for line in draft.section.rstrip("\n").split("\n"):
            screen.line(line)
        return
    if draft.was_there:
        screen.line(f"{NAME} has a section of {draft.source[:_SHORT]}, which stays as it is")
    else:
        places = count(draft.places, "place")
        screen.line(
            f"{draft.written} has a section of {draft.source[:_SHORT]}: {places} to complete"
        )
    screen.next(f"pmrunnerctl evidence check{of} --uncommitted")


def _of(given: dict[str, Any]) -> str:
    """Return the words by which a hint is about the same project, wherever it is pasted."""
    if given["directory"] is not None:
        return f" --offline {shlex.quote(str(given['directory']))}"
    named = given["named"] or given["project"]
    return f" {shlex.quote(named)}" if named else ""


def draw_view(screen: Screen, found: EvidenceView, of: str = "") -> None:
    """Write what is wrong with a section, or its hash; hints are about what `of` says."""
    content = f"content {found.source[:_SHORT]} of commit {found.commit[:_SHORT]}"
    if found.complaints:
        screen.line(f"{count(len(found.complaints), 'thing')} wrong with the evidence of {content}")
        rows = [(str(one.line or ""), one.what, one.remedy) for one in found.complaints]
        for line, what, remedy in rows:
            screen.line(f"  {f'line {line}: ' if line else ''}{what}")
            hint = remedy.replace(_WRITE, _WRITE + of)
            screen.line(f"    {screen.addressed(hint)}", "dim")
    else:
        screen.line(f"nothing is wrong with the evidence of {content}")
    screen.pairs(
        [
            ("title", found.title),
            ("compared with", found.base[:_SHORT] or "nothing: all of it is new"),
            ("areas", ", ".join(found.areas)),
            ("gate table", "" if found.compared else Cell("not held against records", "yellow")),
            ("hash", found.seal),
        ]
    )
    screen.line(_SYNTACTIC, "dim")
