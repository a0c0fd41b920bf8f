"""`promotion`: which releases were moved, how each went, and why it came back."""

import click

from pmrunnerctl import complete, task
from pmrunnerctl.render import Cell, Screen
from pmrunnerctl.session import Session
from pmrunnerctl.states import state
from pmrunnerctl.verbs import Noun, verb
from pmrunnerd.model import protocol as p
from pmrunnerd.model.views import PromotionRow, PromotionTable

_NAMED = click.argument("promotion", shell_complete=complete.promotions)


@verb(
    "promotion list",
    *task.PAGED,
    what="Rollbacks and tries are among them. The latest 50 are remembered. Nothing is changed.",
    example="pmrunnerctl promotion list",
    then="pmrunnerctl promotion show x1",
)
def list_(session: Session, before: str | None, limit: int) -> None:
    found = session.ask(p.PromotionList(before=before, limit=limit))

    def draw_page(page: PromotionTable) -> None:
        if page.promotions:
            table(session.out, page)
        else:
            session.out.line("no release was moved yet")
            session.out.next("pmrunnerctl promote --dry-run")
        task.older(session.out, "promotion list", None, page.before, limit)

    session.show(found, draw_page)


@verb(
    "promotion show",
    _NAMED,
    what="The number is enough: x1. Nothing is changed.",
    example="pmrunnerctl promotion show x1",
    then="pmrunnerctl promotion list",
)
def show(session: Session, promotion: str) -> None:
    found = session.ask(p.PromotionShow(promotion=promotion))
    session.show(found, lambda view: draw(session.out, view))


@verb(
    "promotion seen",
    _NAMED,
    what="One that was refused, came back or failed waits in the inbox until somebody has seen it, or a later one went well. What came of it stays.",
    example="pmrunnerctl promotion seen x1",
    then="pmrunnerctl inbox",
)
def seen(session: Session, promotion: str) -> None:
    done = session.ask(p.PromotionSeen(promotion=promotion))

    def say(said: p.Done) -> None:
        session.out.line(f"promotion {said.id} waits in the inbox no longer")
        session.out.next("pmrunnerctl inbox")

    session.show(done, say)


promotion = Noun("promotion", list_, show, seen, about="Releases that were moved, and how it went.")


def table(screen: Screen, found: PromotionTable) -> None:
    """Write promotions, one a line."""
    screen.table(
        ("PROMOTION", "WHAT", "RELEASE", "STATE", "ASKED", "BY", "WHY"),
        [
            (
                row.promotion.id,
                row.promotion.deed,
                row.promotion.release,
                state(row.promotion.state),
                screen.ago(row.promotion.asked),
                row.promotion.by,
                row.promotion.why if row.promotion.state.is_bad else "",
            )
            for row in found.promotions
        ],
    )


def draw(screen: Screen, view: PromotionRow) -> None:
    """Write one: what was asked, how far it has come, and what to type now."""
    one = view.promotion
    of = f" of {view.alias}" if view.alias else ""
    screen.pairs(
        [
            ("promotion", f"{one.deed} {one.id}{of}, asked for by {one.by or 'nobody'}"),
            ("state", state(one.state)),
            ("stuck", Cell(screen.reason(view.stuck), "red")),
            ("last step", f"{one.step}, line {one.lines} of root's record" if one.step else ""),
            ("why", Cell(screen.reason(one.why), "yellow" if one.state.is_bad else "")),
            ("asked", screen.when(one.asked)),
            ("since", screen.when(one.at)),
            ("release", one.release),
            ("in place of", one.previous),
            ("environment", one.environment),
            ("commit", one.commit),
            ("source", one.source),
            ("gate run", one.gate_run),
            ("evidence", f"{one.seal}, approved by {one.by}" if one.seal else ""),
            ("weaker", f"{one.weaker}, accepted by {one.weaker_by}" if one.weaker else ""),
            ("seen", f"by {one.seen}" if one.seen else ""),
        ]
    )
    screen.line(screen.addressed(f"journalctl PMRUNNER_PROMOTION={one.id}"), "dim")
    if view.stuck:
        screen.next("pmrunnerctl promote --resume --wait")
    elif one.state.is_bad and not one.seen:
        screen.next(f"pmrunnerctl promotion seen {one.id}")
    elif not one.state.has_ended:
        screen.next("pmrunnerctl events -f")
    else:
        screen.next("pmrunnerctl promotion list")
