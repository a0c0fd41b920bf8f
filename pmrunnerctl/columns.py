"""Where the columns of a table stand: side by side where there is room, else on lines of their own."""

from collections.abc import Sequence
from typing import Final

GAP: Final = "  "
# What gives way still says something in this many columns of a terminal.
NARROWEST: Final = 20


def fold(widths: Sequence[int], room: int | None, stretch: int) -> list[dict[int, int]]:
    """Return the lines of a row: which columns stand on each, and how wide.

    Column `stretch` gives way first. What does not fit beside the others goes to the next line, which
    is indented; what is too wide for a line of its own stays so, because nothing else may be cut.
    """
    if room is None:
        return [dict(enumerate(widths))]
    lines: list[dict[int, int]] = [{}]
    left = [room]
    for n, wanted in enumerate(widths):
        least = min(wanted, NARROWEST) if n == stretch else wanted
        if lines[-1] and least > left[-1]:
            lines.append({})
            left.append(room - len(GAP))
        lines[-1][n] = least
        left[-1] -= least + len(GAP)
    for line, spare in zip(lines, left, strict=True):
        if stretch in line:
            line[stretch] += min(widths[stretch] - line[stretch], max(spare + len(GAP), 0))
    return lines
