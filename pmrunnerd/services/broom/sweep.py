"""Does all that has to be done before git goes to work, in the one order in which it can be done."""

import os
from typing import Final

from pmrunnerd.services.broom import litter, objects, references, submodule, tree
from pmrunnerd.services.broom.entries import DIRECTORY, names, own
from pmrunnerd.services.broom.hands import Hands

# How names begin that we make in `.git`, and may be killed over.
_OURS: Final = (b"pm-runner-index", b"pm-runner-run.")


def sweep(hands: Hands, top: int, branch: bytes, remove: frozenset[bytes]) -> None:
    """Do it in an open workspace, whose run began on `branch`; `remove` are names in `.git` that go."""
    own(b".", top, hands.errand)
    own(b".git", top, hands.errand)
    git = os.open(b".git", DIRECTORY, dir_fd=top)
    # Before all that can fail: a person looks at what is left then.
    tree.clear(hands, top)
    if hands.report.stuck:
        # Git is led into what is still there by the index alone.
        hands.delete(b"index", git)
    reference = b"refs/heads/" + branch
    # These are moved back where they belong; a HEAD may be one.
    litter.clear(hands, git, frozenset({*references.directories(reference), b"HEAD"}))
    references.put_right(hands, git, reference)
    objects.put_right(hands, git)
    references.have_head(hands, git, reference)
    for module in hands.errand.guarded:
        submodule.put_right(hands, module)
    for name in names(git):
        if name in remove or name.startswith(_OURS):
            hands.delete(name, git)
    os.close(git)
