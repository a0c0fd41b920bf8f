"""A command that is shown to somebody, with the options that make it mean the same daemon again."""

import re
import shlex
from pathlib import Path
from typing import Final

from pmrunnerctl.where import SOCKET

# What takes a state directory; all other verbs ask a daemon.
_OF_A_STATE: Final = ("start", "doctor", "state ")
_COMMAND: Final = re.compile(r"pmrunnerctl ((?:state )?[a-z]+)([^;\n]*)")
# Such a command says itself whom it means, or means nobody.
_SAYS_IT: Final = re.compile(r"--(socket|env|state-dir)\b| -h\b")


def addressed(text: str, *, socket: Path | None, env: str, state_dir: Path | None) -> str:
    """Return a hint whose commands have the options that this command was given.

    A socket that was named is the daemon's, whatever lies in the state directory.
    """

    def with_options(found: "re.Match[str]") -> str:
        verb, rest = found[1], found[2]
        if verb == "env" or _SAYS_IT.search(rest):  # of all of them, or says itself which
            return found[0]
        before, after = "", ""
        if state_dir is not None and verb.startswith(_OF_A_STATE):
            after = f" --state-dir {quoted(state_dir)}"
        if socket is not None:
            before = f"--socket {quoted(socket)} "
        elif state_dir is not None and not after:
            before = f"--socket {quoted(state_dir / SOCKET)} "
        if env and (after or not before):
            before = f"--env {env} "
        return f"pmrunnerctl {before}{verb}{after}{rest}"

    return _COMMAND.sub(with_options, text)


def user(uid: int) -> str:
    """Spell a user as `sudo -u` takes it: by name, where there is one."""
    import pwd  # noqa: PLC0415 - only a hint needs it

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"'#{uid}'"


def quoted(word: Path | str) -> str:
    """Spell something so that a shell takes it for one word."""
    return shlex.quote(str(word))
