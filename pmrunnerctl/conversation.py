"""Draws a conversation: who said what, when, and what waits for an answer."""

from collections.abc import Callable
from itertools import zip_longest
from typing import Final

from pmrunnerctl.render import Screen
from pmrunnerctl.replies import Offer, replies
from pmrunnerctl.width import clean, one_line
from pmrunnerd.model.views import UNCONFINED, Entry

INDENT: Final = "    "
# What somebody said is quoted below its head; of the runner's own news, the head is the news.
_SAID: Final = frozenset({"message", "plan", "refusal", "question", "answer"})
# These are the words of a person or an agent, and stay as they are; all others are the runner's.
_OTHERS: Final = frozenset({"message", "plan", "question", "answer"})
_STYLES: Final = {
    "question": "yellow",
    "refusal": "red",
    "error": "red",
    "held": "yellow",
    "kept": "yellow",
    "complete": "green",
    "cancelled": "dim",
    "interrupted": "dim",
    "sent-back": "yellow",
    "limited": "yellow",
}


def draw(screen: Screen, entry: Entry) -> None:
    """Write one entry: a line that says who and what, its text, and how to answer it."""
    said = entry.text if entry.kind in _OTHERS else screen.addressed(entry.text)
    text = said.rstrip("\n").split("\n") if said else []
    if entry.kind in _SAID:
        about = f", task {entry.task}" if entry.task else ""
        what = f"{entry.kind} {entry.id}{about}"
    else:
        what = text.pop(0) if text else f"{entry.kind} {entry.id}"
    head = f"{screen.clock(entry.at)}  {entry.author}  "
    screen.raw(screen.paint(clean(head), "dim"))
    screen.line(what, _STYLES.get(entry.kind, "bold"))
    for line in text:
        screen.line(INDENT + line)
    for number, (option, detail) in enumerate(zip_longest(entry.options, entry.details), 1):
        more = f": {one_line(detail)}" if detail else ""
        screen.line(f"{INDENT}{number}. {one_line(option)}{more}")
    if entry.multiple:
        screen.line(f"{INDENT}several can be chosen", "dim")
    if entry.unconfined:
        screen.line(f"{INDENT}{UNCONFINED}: in no sandbox", "red")
    if entry.commit:
        screen.line(f"{INDENT}commit {entry.commit[:12]}", "dim")
    if entry.run:
        screen.line(INDENT + screen.addressed(f"log: pmrunnerctl run logs {entry.run}"), "dim")
    for how, command in _answers(entry, screen.addressed):
        screen.line(f"{INDENT}{how} {command}", "yellow")


def _answers(entry: Entry, addressed: Callable[[str], str]) -> list[tuple[str, str]]:
    if entry.kind == "error" and entry.state == "ERROR":
        return [("retry:", addressed(f"pmrunnerctl task retry {entry.task}"))]
    if entry.state != "AWAITING_RESPONSE":
        return []
    if entry.kind == "question":
        offer = Offer(entry.id, entry.options, entry.fixed, entry.multiple, entry.otherwise)
        first, *more = replies(offer, addressed)
        return [("answer:", first), *(("    or:", way) for way in more)]
    if entry.kind == "plan":
        return [
            ("approve:", addressed(f"pmrunnerctl plan approve {entry.plan}")),
            ("reject: ", addressed(f"pmrunnerctl plan reject {entry.plan} REASON")),
            ("edit:   ", addressed(f"pmrunnerctl plan edit {entry.plan}")),
        ]
    return []
