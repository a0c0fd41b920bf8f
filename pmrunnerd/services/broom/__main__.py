"""Does what a line of JSON says, or an open file that it gives the number of; says what was done."""

import json
import os
import sys

from pmrunnerd.services.broom import tree
from pmrunnerd.services.broom.entries import DIRECTORY
from pmrunnerd.services.broom.errand import Errand
from pmrunnerd.services.broom.hands import Hands
from pmrunnerd.services.broom.refnames import is_reference
from pmrunnerd.services.broom.sweep import sweep


def main(words: list[str]) -> int:
    told = json.loads(words[0])
    if isinstance(told, int):
        with os.fdopen(told) as file:
            told = json.load(file)
    guarded = frozenset(map(os.fsencode, told["guarded"]))
    top, aside = os.fsencode(told["top"]), os.fsencode(told["aside"])
    hands = Hands(Errand(top, told["since"], aside, guarded))
    if "branch" in told:
        branch = os.fsencode(told["branch"])
        # Its path is deleted where it is no reference: a note of an agent's may have named it.
        if not is_reference(b"refs/heads/" + branch):
            sys.exit(f"{told['branch']!a} is no branch")
        remove = frozenset(map(os.fsencode, told["remove"]))
        sweep(hands, os.open(top, DIRECTORY), branch, remove)
    else:
        stay = frozenset(map(os.fsencode, told["stay"]))
        tree.evacuate(hands, os.open(top, DIRECTORY), stay)
    json.dump(hands.report.as_text(), sys.stdout)
    return 1 if hands.report.stuck else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
