"""Why a run could not go on, in words for whoever reads its outcome."""

import logging
from collections.abc import Mapping
from pathlib import Path

from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.errors import PmError, in_words
from pmrunnerd.services.agents.protocol import Verdict
from pmrunnerd.services.git import NoRoom
from pmrunnerd.services.tenancy import FULL

log = logging.getLogger(__name__)


def explain(exc: Exception, directory: Path, environment: Mapping[str, str]) -> Verdict:
    """Return the verdict on a run that something ended; its directory is what may be full."""
    run = directory.name
    if isinstance(exc, OSError) and exc.errno in FULL:
        log.warning("run %s", run, exc_info=exc)
        why = f"no space left on {exc.filename or directory}"
        return Verdict(outcome=Outcome.INTERRUPTED, reason=why)
    if isinstance(exc, PmError):
        reason = f"{exc}; {exc.hint}" if exc.hint else str(exc)
        outcome = Outcome.INTERRUPTED if isinstance(exc, NoRoom) else Outcome.FAILED
        return Verdict(outcome=outcome, reason=reason)
    log.error("run %s", run, exc_info=exc)
    why = in_words(exc) if isinstance(exc, OSError) else "this is a bug in pm-runner"
    # In a unit what we say is the journal's.
    unit = f"journalctl -u 'pm-runner-run@*-{run}.service'"
    where = unit if "JOURNAL_STREAM" in environment else "runhost.log"
    return Verdict(outcome=Outcome.FAILED, reason=f"cannot go on: {why}; see {where}")
