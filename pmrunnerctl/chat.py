"""`chat`: what people and the runner say to each other in a project."""

from typing import Any

import click

from pmrunnerctl import complete, conversation, watch
from pmrunnerctl.exits import misused
from pmrunnerctl.session import Session
from pmrunnerctl.texts import joined
from pmrunnerctl.verbs import Noun, Whole, verb
from pmrunnerd.model import protocol as p
from pmrunnerd.model.views import Conversation

ALIAS = click.argument("alias", shell_complete=complete.aliases)


@verb(
    "chat send",
    ALIAS,
    click.argument("text", nargs=-1, required=True),
    click.option("--wait", is_flag=True, help="Show what happens until it ends or needs you."),
    what="The text may be a script, or hold ```sh blocks that become one task each; - reads it from"
    " standard input, and -- before it lets it begin with a dash. Returns once the message cannot"
    " be lost any more, and says its identifier; the work goes on by itself."
    " With --wait it is said what a task waits for that does not begin, and the exit status is 0 for a complete plan, 8 for one that ended badly, 9 for one"
    " that waits for you; Ctrl-C ends the watching, not the work.",
    example="pmrunnerctl chat send demo --wait 'make test'\npmrunnerctl chat send demo - < plan.md",
    then="pmrunnerctl chat follow demo",
)
def send(session: Session, alias: str, text: tuple[str, ...], *, wait: bool) -> None:
    if wait and len(text) > 1 and text[0].isdecimal():
        from pmrunnerctl.address import quoted  # noqa: PLC0415 - only a mistake pays for it

        said = quoted(" ".join(text))
        raise misused(
            f"cannot send the message: {text[0]} after --wait could be a time, which it does not take",
            hint=f"pmrunnerctl chat send {alias} --wait {said}   if that is the message",
        )
    request = p.ChatSend(project=alias, text=joined(text, "message"))
    since = session.ask(p.Status()).durable if wait else 0
    done = session.ask(request)

    def draw(_: Any) -> None:
        session.out.line(f"sent message {done.id} to {alias}")
        if not wait:
            session.out.next(f"pmrunnerctl chat follow {alias}", "Ctrl-C ends only the watching")

    session.show(done, draw)
    if wait:
        session.out.flush()
        session.end(watch.follow_message(session, project=alias, message=done.id, since=since))


@verb(
    "chat history",
    ALIAS,
    click.option("--before", metavar="CURSOR", type=Whole(min=0), help="An older page."),
    click.option("--limit", metavar="N", type=Whole(1, 1000), default=50, help="(50)"),
    what="Oldest first. Below a page stands the command for the one before it.",
    example="pmrunnerctl chat history demo --limit 10",
    then="pmrunnerctl chat follow demo",
)
def history(session: Session, alias: str, before: int | None, limit: int) -> None:
    found = session.ask(p.ChatHistory(project=alias, before=before, limit=limit))

    def draw(page: Conversation) -> None:
        if not page.entries:
            session.out.line(
                f"nothing was said in {alias} yet" if before is None else "that is all"
            )
            session.out.next(f"pmrunnerctl chat send {alias} TEXT")
        for entry in page.entries:
            conversation.draw(session.out, entry)
        if page.before is not None:
            session.out.next(f"pmrunnerctl chat history {alias} --before {page.before}", "older")

    session.show(found, draw)


@verb(
    "chat follow",
    ALIAS,
    click.option("--limit", metavar="N", type=Whole(0, 1000), default=10, help="(10)"),
    what="Begins with the last --limit entries and goes on for ever, over restarts of the daemon"
    " too. Ctrl-C ends the watching, not the work.",
    example="pmrunnerctl chat follow demo",
    then="pmrunnerctl inbox",
)
def follow(session: Session, alias: str, limit: int) -> None:
    # The history first: it says from where, so that nothing can be said in between and be missed.
    page = session.ask(p.ChatHistory(project=alias, limit=max(limit, 1)))
    since = page.entries[-1].cursor if page.entries else 0

    def draw(entry: Any) -> None:
        conversation.draw(session.out, entry)
        session.out.flush()

    with watch.watching(session):
        for entry in page.entries if limit else ():
            session.show(entry, draw)
        for entry in session.stream(p.ChatFollow(project=alias, since=since)):
            session.show(entry, draw)


chat = Noun("chat", send, history, follow, about="What you and the runner say in a project.")
