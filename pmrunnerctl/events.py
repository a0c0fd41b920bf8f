"""`events`: what happened, fact by fact."""

from typing import Any, Final

import click
import msgspec

from pmrunnerctl import watch
from pmrunnerctl.render import Screen
from pmrunnerctl.session import Session
from pmrunnerctl.verbs import Whole, verb
from pmrunnerctl.width import cut, one_line
from pmrunnerd.model import protocol as p
from pmrunnerd.model.views import UNCONFINED, Happening

LAST: Final = 50
LONGEST: Final = 60


@verb(
    "events",
    click.option("-f", "--follow", is_flag=True, help="Go on as things happen."),
    click.option(
        "--since",
        metavar="N",
        type=Whole(min=0),
        help="Begin after commit N; 0 is everything (the last 50).",
    ),
    click.option("--project", metavar="ALIAS", help="Only of one project."),
    what="One line for each fact, with the number of its commit. Ctrl-C ends the watching, not the"
    " work.",
    example="pmrunnerctl events -f --project demo",
    then="pmrunnerctl task show t7",
)
def events(session: Session, *, follow: bool, since: int | None, project: str | None) -> None:
    if since is None:
        since = max(0, session.ask(p.Status()).durable - LAST)
    request = p.Events(since=since, project=project, follow=follow)
    seen = False

    def draw(happening: Happening) -> None:
        for fact in happening.facts:
            session.out.line(spell(session.out, happening, fact))
        session.out.flush()

    with watch.watching(session):
        for happening in session.stream(request):
            seen = True
            session.show(happening, draw)
    if not (seen or session.json):
        session.out.line(f"nothing happened since commit {since}")
        session.out.next("pmrunnerctl events --since 0")


def spell(screen: Screen, happening: Happening, fact: Any) -> str:
    """Spell one fact on a line: commit, time, name and what it says."""
    said = msgspec.to_builtins(fact)
    name = said.pop("fact")
    details = " ".join(f"{field}={_value(value)}" for field, value in said.items())
    if said.get("confined") is False:
        details += f" {UNCONFINED}"
    return f"{happening.cursor:>6}  {screen.clock(happening.at)}  {name}  {details}".rstrip()


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        return (
            str(len(value)) if value and isinstance(value[0], dict) else ",".join(map(str, value))
        )
    if isinstance(value, dict):
        fields = (f"{field}={_value(one)}" for field, one in value.items() if one)
        return f"({cut(' '.join(fields), LONGEST)})"
    text = cut(one_line(str(value)), LONGEST)
    return f'"{text}"' if " " in text or not text else text
