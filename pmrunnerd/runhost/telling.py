"""Where a run host says what is wrong: as entries of its run in the journal, or as lines in its log."""

import contextlib
import logging
from collections.abc import Mapping
from typing import Final

from pmrunnerd.model.errors import PmError
from pmrunnerd.services.entries import Entry, Handler
from pmrunnerd.services.journald import SOCKET, Journal, is_ours
from pmrunnerd.services.rundir import RunDirectory

_STANDARD_ERROR: Final = 2


def configure(run: RunDirectory, environment: Mapping[str, str]) -> None:
    """Send every log record there; nobody ever waits for it."""
    if is_ours(environment, _STANDARD_ERROR) and SOCKET.exists():
        handlers: list[logging.Handler] = [Handler(Entry(fields(run)), Journal())]
        logging.basicConfig(level=logging.INFO, handlers=handlers)
    else:
        logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)


def fields(run: RunDirectory) -> dict[str, str]:
    """Return the fields of each entry: whose run it is."""
    known = {"SYSLOG_IDENTIFIER": "pm-runner-run", "PMRUNNER_RUN": run.run}
    # An errand has none, and what is wrong with that of a run is said by whoever has to know it.
    with contextlib.suppress(PmError, OSError):
        spec = run.read_spec()
        known |= {
            "PMRUNNER_ENV": spec.environment,
            "PMRUNNER_PROJECT": spec.project,
            "PMRUNNER_TASK": spec.task,
        }
    return known
