"""What an agent says, told in pieces that fit into a report. Pure."""

from collections.abc import Iterator

from pmrunnerd.model.progress import Said
from pmrunnerd.services.agents import chunks


def said(text: str, *, thought: bool = False) -> Iterator[Said]:
    """Yield the reports of what an agent said, or `thought`: nothing of it is lost."""
    *more, last = chunks.whole_lines(text) or [""]
    # What is said is a line or several, with or without the end of the last one.
    for piece in (*(one.removesuffix("\n") for one in more), last):
        yield Said(at="", text=piece, thought=thought)
