"""Variables that an operator adds to those of an agent's program, and which may not be added."""

import re
import shlex
from collections.abc import Mapping
from typing import Any, Final

from pmrunnerd.model.errors import BadRequest

_NAME: Final = re.compile(r"[A-Z_][A-Z0-9_]*", re.ASCII)
_ROOM: Final = "the sandbox that agents run in stands on it"
_WHO: Final = "pmrunnerctl agent login   # keeps it from the commands that the agent runs"
# What confinement stands on: whoever could set these could undo it.
_CONFINES: Final = frozenset(
    (
        *("PATH", "HOME", "TMPDIR", "SHELL", "USER", "BASH_ENV", "ENV", "IFS", "NODE_OPTIONS"),
        *("NODE_PATH", "CLAUDE_CONFIG_DIR", "CLAUDE_CODE_TMPDIR", "CLAUDE_CODE_SHELL"),
        *("CLAUDE_CODE_SHELL_PREFIX", "CLAUDE_CODE_SUBPROCESS_ENV_SCRUB", "IS_SANDBOX"),
    )
)
# A login of any provider, or what leads to one: each command that the agent runs would have it.
_LOGIN: Final = re.compile(
    r"(AWS|AZURE)_(?!(DEFAULT_)?REGION$).*"
    r"|.*(SECRETS?|TOKEN|PASSWORD|PASSWD|PWD|PASSPHRASE|CREDENTIALS?|BEARER|AUTH|ASKPASS|HEADERS"
    r"|(API|ACCESS|PRIVATE|CLIENT)_?(KEYS?|CERT))(_.*)?"
)
_PREFIXES: Final = ("LD_", "GIT_", "PYTHON", "BASH_FUNC_", "PMRUNNER_")
_EXAMPLE: Final = (
    "--agent-env 'HTTPS_PROXY=http://proxy:3128 NODE_EXTRA_CA_CERTS=/etc/ssl/ours.pem'"
)


def read(text: str) -> dict[str, Any]:
    """Return variables written as for a shell: `A=1 B='two words'`. Raises BadRequest."""
    try:
        words = [word.partition("=") for word in shlex.split(text)]
    except ValueError as exc:
        raise BadRequest(f"cannot read variables: {str(exc).lower()}", hint=_EXAMPLE) from None
    if wrong := [name for name, equals, _ in words if not equals]:
        # Not the word: who forgets a name has written a value, which may be nobody's business.
        raise BadRequest(f"cannot read variables: {len(wrong)} of them lack a =", hint=_EXAMPLE)
    return {name: value for name, _, value in words}


def spell(given: Mapping[str, str]) -> str:
    """Return variables as `read` takes them."""
    return " ".join(f"{name}={shlex.quote(value)}" for name, value in given.items())


def check(key: str, given: Any, *, logins: bool = False) -> Any:
    """Return variables that may be added, `logins` among them or not; raise BadRequest for another."""
    for name, value in given.items() if isinstance(given, Mapping) else ():
        if not (isinstance(name, str) and _NAME.fullmatch(name)):
            raise BadRequest(
                f"cannot use setting {key}: {name!r} is no name of a variable", hint=_EXAMPLE
            )
        if not isinstance(value, str):
            raise BadRequest(f"cannot use setting {key}: {name} is to be a text", hint=_EXAMPLE)
        if name in _CONFINES or name.startswith(_PREFIXES):
            refused = f"cannot use setting {key}: {name} may not be set: {_ROOM}"
            raise BadRequest(refused, hint=_EXAMPLE)
        if not logins and _LOGIN.fullmatch(name):
            refused = (
                f"cannot use setting {key}: {name} may not be set: it is a login or leads to one"
            )
            raise BadRequest(refused, hint=_WHO)
    return given
