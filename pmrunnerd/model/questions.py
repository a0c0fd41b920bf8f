"""What the runner itself asks a person about a task, and what may be answered.

Such a question is of a kind; its options are its only answers, and each of them says what follows.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

BEGIN_ANEW: Final = "begin anew"
CANCEL: Final = "cancel the task"


class Kind(StrEnum):
    """Whose question it is: the agent's own, or the runner's, because HEAD was moved by somebody."""

    AGENT = "agent"
    HEAD = "head"


OPTIONS: Final[Mapping[Kind, tuple[str, ...]]] = {Kind.HEAD: (BEGIN_ANEW, CANCEL)}
