"""A courier without a service manager: a process of ours, with its socket in its hand."""

import os
import socket
import sys
from pathlib import Path

from pmrunnerd.model.isolation import Python
from pmrunnerd.model.notices import Order, Word
from pmrunnerd.services import process
from pmrunnerd.services.couriers import BEGIN, END, talk


class Detached:
    """Starts each courier as nobody's child; what the last one says is in a file `log`."""

    def __init__(self, log: Path) -> None:
        self._log = log

    async def carry(self, order: Order) -> Word:
        """Have it carried out. Raises Unavailable, OSError."""
        self._log.unlink(missing_ok=True)
        python = Python(sys.executable, sys.flags.no_site)
        ours, theirs = socket.socketpair()
        with ours:
            ours.settimeout(0)
            with theirs:
                process.spawn_detached(
                    python.runs("pmrunnerd.notify", str(theirs.fileno())),
                    pass_fds=(theirs.fileno(),),
                    log=self._log,
                    cwd=Path("/"),
                    env=python.around(
                        {
                            "PATH": os.environ.get("PATH", process.PATH),
                            "LANG": "C.UTF-8",
                            **_trusted(),
                        }
                    ),
                )
            return await talk.give(ours, order, BEGIN + END)


def _trusted() -> dict[str, str]:
    """Return what says which certificates are trusted, as a person has set it."""
    names = ("SSL_CERT_FILE", "SSL_CERT_DIR")
    return {name: os.environ[name] for name in names if name in os.environ}
