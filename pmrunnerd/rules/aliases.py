"""What a project may be called: something that can be typed, and that names nothing else.

An alias wins over an identifier wherever a project is named (`State.project`), and no new one looks like
an identifier: that of a project which is added later would be hidden by it.
"""

import re
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Final

from pmrunnerd.model.errors import BadRequest, Conflict
from pmrunnerd.model.naming import ALIAS, LONGEST_ALIAS, PROJECT
from pmrunnerd.model.state import State

_USUAL: Final = "project"

# Spells the command that asks for the same with another alias.
Again = Callable[[str], str]


def check(state: State, alias: str, path: str, again: Again) -> None:
    """Check the name of a project at a path. Raises BadRequest or Conflict, with one that would do."""
    if len(alias) > LONGEST_ALIAS:
        why = f"it is longer than {LONGEST_ALIAS} characters"
    elif not ALIAS.fullmatch(alias):
        why = "use lower case letters, digits, dot, dash"
    elif PROJECT.fullmatch(alias):
        why = "identifiers of projects look like that"
    else:
        _check_free(state, alias)
        return
    hint = again(_like(state, alias, path))
    raise BadRequest(f"cannot call a project {alias!r}: {why}", hint=hint)


def _check_free(state: State, alias: str) -> None:
    for project in state.projects.values():
        if project.alias == alias and not project.removed:
            raise Conflict(
                f"cannot call a project {alias}: {project.path} has that name",
                hint="pmrunnerctl project list",
            )


def _like(state: State, alias: str, path: str) -> str:
    """Return a name that may be used: as like the one that was wanted as can be."""
    taken = {project.alias for project in state.projects.values() if not project.removed}
    for wanted in (alias, PurePosixPath(path).name):
        name = re.sub(r"[^a-z0-9.]+", "-", wanted.lower())[:LONGEST_ALIAS].strip("-.")
        if ALIAS.fullmatch(name) and not PROJECT.fullmatch(name) and name not in taken:
            return name
    number = 1
    while (name := f"{_USUAL}-{number}") in taken:
        number += 1
    return name
