"""The person's own editor, on their terminal: `$VISUAL`, `$EDITOR`, or what the machine has."""

import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pmrunnerctl.exits import Cannot, Exit, misused

_USUAL: Final = ("sensible-editor", "editor", "nano", "vi")


def edit(path: Path, otherwise: str, variables: Mapping[str, str] = os.environ) -> None:
    """Return when the person has left the editor. Raises Cannot where that did not go well.

    `otherwise` is the command that does without an editor.
    """
    hint = f"{otherwise}   # or: export EDITOR=nano"
    argv = _argv(variables, hint, otherwise)
    try:
        status = subprocess.run([*argv, path], check=False).returncode
    except OSError as exc:
        why = (exc.strerror or str(exc)).lower()
        raise misused(f"cannot start the editor {argv[0]!r}: {why}", hint=hint) from exc
    if status:
        raise Cannot(
            f"cannot go on: the editor {argv[0]!r} ended with status {status}",
            exits=Exit.ENDED_BADLY,
            code="ended-badly",
            hint=hint,
        )


def _argv(variables: Mapping[str, str], hint: str, otherwise: str) -> list[str]:
    for name in ("VISUAL", "EDITOR"):
        try:
            if argv := shlex.split(variables.get(name, "")):
                return argv
        except ValueError as exc:
            raise misused(f"cannot use ${name}: {str(exc).lower()}", hint=hint) from None
    # Whoever names a program may mean one that needs no terminal; those that are guessed do.
    if not (os.isatty(0) and os.isatty(1)):
        raise misused("cannot open an editor: there is no terminal", hint=otherwise)
    for usual in _USUAL:
        if found := shutil.which(usual, path=variables.get("PATH")):
            return [found]
    raise misused("cannot find an editor: neither $VISUAL nor $EDITOR is set", hint=hint)
