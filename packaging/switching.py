"""Puts a release on trial, and ends its trial well: what a promotion does, by code that is of no release."""

import time

from aftermath import configuration
from trial import BOOT, Trial


def begin(trial: Trial, name: str, candidate: str) -> str:
    """Have `dist` point to a release, with a try to prove itself and the way back noted before; return why not."""
    previous = trial.runs
    if trial.is_open:
        return f"{trial.record['candidate']} is on trial"
    if candidate == previous:
        return f"{candidate} runs already"
    for release in (candidate, previous):
        if lacks := trial.lacks(release):
            return f"{release} cannot run: {lacks}"
    trial.record = {}
    trial.write(
        format=1,
        id=name,
        state="open",
        candidate=candidate,
        previous=previous,
        left=1,
        began=int(time.time()),
        configuration=configuration(trial.environment, trial.root),
        why="",
        boot=BOOT.read_text().strip(),
    )
    # Before the release on trial can start: it writes a state that this one can read.
    trial.switch(previous, "previous")
    trial.switch(candidate)
    return ""


def confirm(trial: Trial, name: str) -> bool:
    """End a trial well; tell whether it did, for it may have come back meanwhile."""
    record = trial.record
    if not trial.is_open or record["id"] != name or record["why"]:
        return False
    if trial.runs == record["candidate"]:
        trial.write(state="confirmed")
    return not trial.is_open
