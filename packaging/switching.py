"""Puts a release on trial, and ends its trial: what a promotion does, by code that is of no release."""

import json
import time
from collections.abc import Callable
from pathlib import Path

from aftermath import configuration
from trial import BOOT, CANNOT, DONE, Trial


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


def take_back(trial: Trial, name: str, why: str) -> bool:
    """Return from the release on trial of a promotion, if it is there; tell whether the one before it runs."""
    record = trial.record
    if record.get("id") != name or record["state"] == "confirmed":
        return False
    return trial.runs == record["previous"] if not trial.is_open else trial.return_to_previous(why)


def proven(environment: str, root: str) -> str:
    """Return whose code may act as root: what runs, or the release before it while that is on trial."""
    place = Path(f"{root}/var/lib/pm-runner/promote/{environment}/trial.json")
    try:
        record = json.loads(place.read_text())
        candidate, previous = record["candidate"], record["previous"]
        dist = Path(f"{root}/opt/pm-runner/{environment}/dist").readlink().name
        if record["state"] == "open" and dist == candidate and Path(previous).name == previous:
            return f"releases/{previous}"
    except (OSError, ValueError, LookupError, TypeError):
        pass  # what cannot be read is no trial
    return "dist"


def _begin(name: str, candidate: str, trial: Trial) -> int:
    if why := begin(trial, name, candidate):
        trial.say(f"cannot put {candidate} on trial: {why}")
    return CANNOT if why else DONE


def _confirm(name: str, trial: Trial) -> int:
    if confirm(trial, name):
        return DONE
    trial.say(f"cannot confirm {name}: {trial.record.get('why') or 'it is not on trial'}")
    return CANNOT


def _return(name: str, why: str, trial: Trial) -> int:
    return DONE if take_back(trial, name, why) else CANNOT


DEEDS: dict[str, Callable[..., int]] = {"trial": _begin, "confirm": _confirm, "return": _return}
