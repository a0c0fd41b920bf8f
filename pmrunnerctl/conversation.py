"""Draws a conversation: who said what, when, and what waits for an answer."""

from typing import Final

from pmrunnerctl.render import Screen
from pmrunnerctl.width import clean
from pmrunnerd.model.views import UNCONFINED, Entry

INDENT: Final = "    "
# What somebody said is quoted below its head; of the runner's own news, the head is the news.
_SAID: Final = frozenset({"message", "plan", "refusal", "question", "answer"})
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
    text = entry.text.rstrip("\n").split("\n") if entry.text else []
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
    for number, option in enumerate(entry.options, 1):
        screen.line(f"{INDENT}{number}. {option}")
    if entry.unconfined:
        screen.line(f"{INDENT}{UNCONFINED}: in no sandbox", "red")
    if entry.commit:
        screen.line(f"{INDENT}commit {entry.commit[:12]}", "dim")
    if entry.run:
        screen.line(f"{INDENT}log: pmrunnerctl run logs {entry.run}", "dim")
    for line in _answers(entry):
        screen.line(INDENT + line, "yellow")


def _answers(entry: Entry) -> list[str]:
    if entry.state != "AWAITING_RESPONSE":
        return []
    if entry.kind == "question":
        if entry.fixed:
            return [f"answer: pmrunnerctl answer {entry.id} --option 1"]
        how = [f"answer: pmrunnerctl answer {entry.id} TEXT"]
        if entry.options:
            how.append(f"    or: pmrunnerctl answer {entry.id} --option 1")
        return how
    if entry.kind == "plan":
        return [
            f"approve: pmrunnerctl plan approve {entry.plan}",
            f"reject:  pmrunnerctl plan reject {entry.plan} REASON",
            f"edit:    pmrunnerctl plan edit {entry.plan}",
        ]
    return []
