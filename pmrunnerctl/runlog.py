"""The log of a run: what its agent printed or said, as it is, and beside it what was noted."""

from typing import Final

from pmrunnerctl import agentlog
from pmrunnerctl.exits import Exit
from pmrunnerctl.render import Screen
from pmrunnerctl.width import coloured
from pmrunnerd.model import progress as pr
from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.views import UNCONFINED, LogLine

BY_OUTCOME: Final = {
    Outcome.SUCCEEDED: Exit.OK,
    Outcome.ASKED: Exit.NEEDS_YOU,
    Outcome.HELD: Exit.NEEDS_YOU,
}


def exits(outcome: Outcome) -> Exit:
    """Return how a command ends that waited for a run."""
    return BY_OUTCOME.get(outcome, Exit.ENDED_BADLY)


class Log:
    """Writes a log. What the agent printed goes where it printed it; notes go to `err`, dim.

    Into a pipe its bytes go as they are. On a terminal colours are kept and other control
    characters spelt out: what an agent prints must not type into, or rename, somebody's terminal.
    """

    def __init__(self, out: Screen, err: Screen) -> None:
        self._out = out
        self._err = err
        self._mid_line: Screen | None = None
        self._cost = ""
        self._started = ""
        self._last = ""

    def write(self, line: LogLine) -> None:
        """Write one thing that a run host reported."""
        match line.progress:
            case pr.Output(stream="runner", text=text):
                self.note(text.strip())
            case pr.Output(stream=stream, text=text):
                self._print(self._err if stream == "stderr" else self._out, text)
            case pr.Concluded(text=text) if text == self._last:
                pass  # an agent whose result has no form of its own has said it already
            case pr.Said(text=text, thought=False) | pr.Concluded(text=text):
                self._last = text
                self._begin_line()
                self._print(self._out, f"{text}\n")
            case pr.Served() | pr.Told():
                pass  # that is for the runner; what it said comes next
            case pr.Finished() as last:
                self.note(self._err.addressed(said(last)))
            case other:
                text = agentlog.line(other) or said(other)
                if not self._is_said(other, text):
                    self.note(text)

    def note(self, text: str) -> None:
        """Write something of our own, on a line of its own; where it has more, they are indented."""
        self._begin_line()
        self._out.flush()
        first, *more = text.split("\n")
        self._err.line(f"-- {first}", "dim")
        for line in more:
            self._err.line(f"   {line}", "dim")
        self._err.flush()

    def _is_said(self, other: pr.AnyProgress, text: str) -> bool:
        """Tell whether nothing has changed since: a cost, or the words in which something began."""
        match other:
            case pr.Charged():
                before, self._cost = self._cost, text
                return text == before
            case pr.Other(kind="task_started"):
                self._started = text
            case pr.Other(kind="task_notification"):
                return self._started == f"started: {text}"
        return False

    def _begin_line(self) -> None:
        if self._mid_line is not None and self._mid_line.columns is not None:
            self._mid_line.raw("\n")
        self._mid_line = None

    def _print(self, screen: Screen, text: str) -> None:
        shown = text if screen.columns is None else coloured(text)
        if shown != text or (screen.columns is not None and "\x1b" in text):
            shown += "\x1b[0m"
        screen.raw(shown)
        screen.flush()
        if text:
            self._mid_line = None if text.endswith("\n") else screen


def said(progress: pr.AnyProgress) -> str:
    """Spell what a run host reported, but for what its agent printed."""
    match progress:
        case pr.Began(head=head, confined=confined):
            how = "in a sandbox" if confined else UNCONFINED
            return f"began at {head[:12]}, {how}"
        case pr.Asked(text=text, options=options):
            return f"asked: {text}" + (f" [{' | '.join(options)}]" if options else "")
        case pr.Committed(commit=commit, subject=subject, files=files):
            return f"committed {commit[:12]} {subject} ({files} {_files(files)})"
        case pr.Kept() | pr.PutAway() | pr.PutBack():
            return _kept(progress)
        case pr.Finished(outcome=outcome, reason=reason):
            return str(outcome) + (f": {reason}" if reason else "")
    return type(progress).__name__.lower()


def _kept(said: pr.Kept | pr.PutAway | pr.PutBack) -> str:
    if isinstance(said, pr.PutBack):
        became = "is there again" if said.there else "cannot be put back"
        return f"what is kept as {said.ref} {became}"
    many = f"{said.files} {_files(said.files)}"
    refs = ", ".join((said.ref, *said.also))
    if isinstance(said, pr.PutAway):
        kept = f"what run {said.run} left behind ({many}) is kept as {refs}"
        aside = f"what git cannot keep of run {said.run} is in {said.aside}"
    else:
        kept = f"kept {many} as {refs}"
        aside = f"what git cannot keep is in {said.aside}"
    return "; ".join([*([kept] if said.ref else ()), *([aside] if said.aside else ())])


def _files(count: int) -> str:
    return "file" if count == 1 else "files"
