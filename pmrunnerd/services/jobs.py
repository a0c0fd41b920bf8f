"""What the service manager is about to do with our unit: it says the same SIGTERM for all of it."""

import logging
import os
from pathlib import Path
from typing import Final

from pmrunnerd.services import process
from pmrunnerd.services.outcome import Exited

log = logging.getLogger(__name__)

_PATIENCE: Final = 5.0  # seconds; it takes five thousandths of one
_LIMIT: Final = 1 << 16
_STOP: Final = "stop"


def unit(environment: str) -> str:
    """Return the name of an environment's service."""
    return f"pm-runner@{environment}.service"


async def is_stop(name: str) -> bool:
    """Tell whether a unit is being stopped for good.

    A restart is another kind of job, and a signal that somebody sent is none. Where nobody can tell,
    it is no stop.
    """
    # systemctl has words for a service manager, too: ours are not its own to say.
    known = {name: value for name, value in os.environ.items() if name != "NOTIFY_SOCKET"}
    done = await process.run(
        ["systemctl", "list-jobs", "--no-legend", name],
        cwd=Path("/"),
        env={"PATH": process.PATH, **known, "LANG": "C.UTF-8"},
        total=_PATIENCE,
        limit=_LIMIT,
    )
    if not isinstance(done, Exited) or done.status:
        log.info("cannot tell whether %s is stopped or restarted, so its runs go on", name)
        return False
    rows = (line.split() for line in done.out.decode(errors="replace").splitlines())
    return any(row[1:3] == [name, _STOP] for row in rows)
