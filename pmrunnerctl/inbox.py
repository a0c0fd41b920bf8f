"""`inbox` and `answer`: what waits for a person, and how it goes on."""

from collections.abc import Callable, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

import click

from pmrunnerctl import complete
from pmrunnerctl.exits import Cannot, Exit, misused
from pmrunnerctl.render import Screen
from pmrunnerctl.replies import Offer, is_other, replies
from pmrunnerctl.session import Session
from pmrunnerctl.texts import joined
from pmrunnerctl.verbs import verb
from pmrunnerctl.width import one_line
from pmrunnerd.model import protocol as p
from pmrunnerd.model.errors import Code
from pmrunnerd.model.questions import CANCEL, Kind, decided
from pmrunnerd.model.views import UNCONFINED, InboxItem, InboxTable


@verb(
    "inbox",
    click.option("--project", metavar="ALIAS", help="Only of one project."),
    what="Questions, plans, held tasks, gate runs that have not passed and logins that are wanted, oldest first, each with what to type. What is here"
    " waits as long as it takes: nothing is ever answered by itself.",
    example="pmrunnerctl inbox",
    then="pmrunnerctl answer q7 TEXT",
)
def inbox(session: Session, project: str | None) -> None:
    session.show(session.ask(p.Inbox(project=project)), lambda found: draw(session.out, found))


@verb(
    "answer",
    click.argument("question", shell_complete=complete.questions),
    click.argument("text", nargs=-1),
    click.option(
        "--option",
        "numbers",
        metavar="N",
        type=int,
        multiple=True,
        help="Answer with the Nth option; may be repeated where several can be chosen.",
    ),
    what="The text is taken literally, even where it is a number; - reads it from standard input."
    " Options that an agent gives are suggestions: it is told any text as it stands."
    " The same answer again changes nothing; another one is refused.",
    example="pmrunnerctl answer q7 use the second database\npmrunnerctl answer q7 --option 2",
    then="pmrunnerctl chat follow ALIAS",
)
def answer(
    session: Session, question: str, text: tuple[str, ...], numbers: tuple[int, ...]
) -> None:
    if bool(text) == bool(numbers):
        raise misused(
            f"cannot answer {question}: give either a text or --option N",
            hint="pmrunnerctl inbox",
        )
    chosen = _options(session, question, numbers) if numbers else joined(text, "answer")
    open_ones = _open(session)  # before: the same answer twice has the same reply
    done = session.ask(p.Answer(question=question, text=chosen))
    asked = open_ones.pop(done.id, None)
    still = [one.id for one in open_ones.values() if asked and one.task == asked.task]

    def say(_: Any) -> None:
        said = done.decided or (one_line(chosen) if numbers else chosen)
        if asked is None:
            session.out.line(f"{done.id} was already answered: {said}")
            session.out.next("pmrunnerctl task list")
            return
        session.out.line(f"answered {done.id}: {said}")
        if not done.decided and text and is_other(asked.options, chosen, multiple=asked.multiple):
            session.out.line("that is none of its options; the agent is told it as it stands")
        if still:
            session.out.next("pmrunnerctl inbox", f"still open: {', '.join(still)}")
            return
        over = done.decided == decided(Kind.BUDGET, CANCEL)
        session.out.next("pmrunnerctl task list", "" if over else "the task that asked goes on")

    session.show(done, say)


def draw(screen: Screen, found: InboxTable) -> None:
    """Write everything that waits, each with its options and the command that answers it."""
    if not found.items:
        screen.line("nothing waits for you")
        if found.unconfined:  # what waits says it, each for itself
            screen.line(f"agents run {UNCONFINED}", "red")
        screen.next("pmrunnerctl status")
    for item in found.items:
        _draw_item(screen, item)


def _draw_item(screen: Screen, item: InboxItem) -> None:
    of = f", task {item.task}" if item.task not in {"", item.id} else ""
    whose = f"{item.kind} of the runner" if item.fixed or item.by_runner else item.kind
    about = f"{whose} in {item.alias}{of}" if item.alias else whose
    wall = ", " + screen.paint(UNCONFINED, "red") if item.unconfined else ""
    screen.raw(screen.paint(item.id, "bold") + f"  {about}, {screen.ago(item.at)}{wall}\n")
    # What an agent asks is shown as it said it.
    text = item.text if item.kind == "question" else screen.reason(item.text)
    for line in text.rstrip("\n").split("\n"):
        screen.line(f"    {line}")
    for number, (option, detail) in enumerate(zip_longest(item.options, item.details), 1):
        about = f": {one_line(detail)}" if detail else ""
        screen.line(f"    {number}. {one_line(option or '')}{about}")
    if item.multiple:
        screen.line("    several can be chosen", "dim")
    for command in _commands(item, screen.addressed):
        screen.line(f"    {command}", "yellow")


def _commands(item: InboxItem, addressed: Callable[[str], str]) -> list[str]:
    """Return what can be typed, with a word in capitals where somebody has to say something."""
    if item.kind == "question":
        offer = Offer(item.id, item.options, item.fixed, item.multiple, item.otherwise)
        return replies(offer, addressed)
    if item.kind == "plan":
        reject = addressed(f"pmrunnerctl plan reject {item.id} REASON")
        edit = addressed(f"pmrunnerctl plan edit {item.id}")
        return [addressed(item.command), reject, edit]
    if item.kind == "gates":
        return [addressed(item.command), addressed(f"pmrunnerctl gate seen {item.id}")]
    if item.kind == "held" and item.path and _has_gone(Path(item.path, ".git")):
        # Git could only say the same, in other words.
        remove = addressed(f"pmrunnerctl project remove {item.alias}")
        cancel = addressed(f"pmrunnerctl task cancel {item.id}")
        return [f"{cancel}; {remove}   # unless it comes back"]
    return [addressed(item.command)]


def _has_gone(path: Path) -> bool:
    """Tell whether nothing is there; where we may not look, something may be."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def _options(session: Session, question: str, numbers: Sequence[int]) -> str:
    """Return the text of options, as they were offered; the question may have been answered since."""
    item = _asked(session, question)
    if len(numbers) > 1 and not item.multiple:
        raise misused(
            f"cannot answer {question} with {len(numbers)} options: one can be chosen",
            hint=f"pmrunnerctl answer {question} --option {numbers[0]}",
        )
    # As the agent offered them, and not as they were typed.
    return ", ".join(_option(item, number) for number in sorted(set(numbers)))


def _option(item: InboxItem, number: int) -> str:
    question = item.id
    if 1 <= number <= len(item.options):
        return item.options[number - 1]
    offered = "; ".join(f"{n}. {one_line(text)}" for n, text in enumerate(item.options, 1))
    raise misused(
        f"cannot answer {question} with option {number}: it offers {offered or 'none'}",
        hint=f"pmrunnerctl answer {question} {'--option 1' if item.options else 'TEXT'}",
    )


def _open(session: Session) -> dict[str, InboxItem]:
    return {item.id: item for item in session.ask(p.Inbox()).items if item.kind == "question"}


def _asked(session: Session, question: str) -> InboxItem:
    open_ones = _open(session)
    if question in open_ones:
        return open_ones[question]
    try:
        return session.ask(p.Inbox(question=question)).items[0]
    except Cannot as exc:
        if exc.code not in {
            Code.NOT_FOUND,
            Code.BAD_REQUEST,
        }:  # an older daemon knows open ones only
            raise
        raise Cannot(
            f"cannot answer {question}: no such question is open",
            exits=Exit.NOT_FOUND,
            code=Code.NOT_FOUND,
            hint="pmrunnerctl inbox",
        ) from None
