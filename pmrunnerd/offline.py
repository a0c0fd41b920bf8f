"""What can be done with a state directory without its daemon: `python -m pmrunnerd.offline VERB`.

One line of JSON on standard output is the reply, one on standard error is an error with its code.
`pmrunnerctl` is who calls it.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from pmrunnerd.model.errors import Code, PmError
from pmrunnerd.model.views import View
from pmrunnerd.options import parse
from pmrunnerd.services.doctor import examine


def _doctor(given: argparse.Namespace) -> View:
    environment = ["--env", given.env] if given.env else []
    port = [] if given.port is None else ["--port", str(given.port)]
    options = parse([*environment, *port, "--state-dir", str(given.state_dir)], os.environ)
    return asyncio.run(
        examine(
            given.state_dir,
            socket=given.socket.absolute() if given.socket else options.socket,
            port=options.settings.web_port,
            unconfined=options.settings.runs_unconfined,
        )
    )


VERBS: Final[dict[str, Callable[[argparse.Namespace], View]]] = {
    "doctor": _doctor,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what one verb says and return the exit status: 0, or 1 with an error said."""
    parser = argparse.ArgumentParser(prog="pmrunnerd.offline", description=__doc__)
    parser.add_argument("verb", choices=sorted(VERBS))
    parser.add_argument("--state-dir", type=Path, required=True, help="the state directory")
    parser.add_argument("--env", help="doctor: name of the environment")
    parser.add_argument("--socket", type=Path, help="doctor: the control socket")
    parser.add_argument("--port", type=int, help="doctor: the port of the web door")
    given = parser.parse_args(arguments)
    given.state_dir = given.state_dir.absolute()
    try:
        reply = VERBS[given.verb](given)
    except PmError as error:
        _complain(error.code, str(error), error.hint or "")
        return 1
    except OSError as error:
        code = Code.FORBIDDEN if isinstance(error, PermissionError) else Code.UNAVAILABLE
        where = error.filename or given.state_dir
        hint = f"ls -ld {given.state_dir}"
        _complain(code, f"cannot {given.verb} {where}: {error.strerror}", hint)
        return 1
    sys.stdout.write(msgspec.json.encode(reply).decode() + "\n")
    return 0


def _complain(code: Code, message: str, hint: str) -> None:
    said = {"code": code, "message": message, "hint": hint}
    sys.stderr.write(msgspec.json.encode(said).decode() + "\n")


if __name__ == "__main__":
    sys.exit(main())
