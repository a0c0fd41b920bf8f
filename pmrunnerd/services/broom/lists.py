"""Files of git's that are lists, without the lines of a run's making in which git finds no sense."""

from collections.abc import Callable

from pmrunnerd.services.broom.entries import MOST, find, read, write
from pmrunnerd.services.broom.hands import Hands

IsGood = Callable[[bytes], bool]


def is_to_mend(hands: Hands, name: bytes, git: int) -> bool:
    """Tell whether the run changed a list, and it is short enough to be looked into."""
    found = find(name, git)
    return found is not None and hands.errand.is_new(found) and found.st_size <= MOST


def mend(hands: Hands, name: bytes, is_good: IsGood, git: int) -> None:
    """Set a list of the run's making aside, but for good lines, where it has others."""
    if not is_to_mend(hands, name, git):
        return
    content = read(name, git)
    lines = (content or b"").removesuffix(b"\n").split(b"\n")
    fine = [line for line in lines if is_good(line)]
    if content == b"" or len(fine) == len(lines):
        return
    hands.lose(name, git)
    # What a first line says of all others may be true no more.
    if fine := [line for line in fine if not line.startswith(b"#")]:
        write(name, b"".join(line + b"\n" for line in fine), git)
