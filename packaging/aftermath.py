"""What becomes of a trial when a daemon has ended: its unit says how, and what stays down comes back."""

import contextlib
import os
import sys
from collections.abc import Callable
from pathlib import Path

from trial import CANNOT, DONE, Trial, attend, count, settle

NOTHING = 10


def configuration(environment: str, root: str = "") -> str:
    """Return the digest of what an operator says to an environment."""
    import hashlib  # noqa: PLC0415 - of the few who ask for it: who waits for a return waits for each import

    with contextlib.suppress(FileNotFoundError):
        said = Path(f"{root}/etc/pm-runner/{environment}.toml").read_bytes()
        return hashlib.sha256(said).hexdigest()
    return ""


def ended(trial: Trial) -> int:
    """After each end: give the try back where the release is not to blame, else say why it comes back."""
    record, said = trial.record, os.environ.get
    # Before its first start what ended was the release before it.
    if not trial.is_open or record["left"] or record["why"] or trial.runs != record["candidate"]:
        return DONE
    result, how = said("SERVICE_RESULT", ""), (said("EXIT_CODE", ""), said("EXIT_STATUS", ""))
    if result == "success" or how == ("exited", "75"):
        trial.write(left=1)
    elif (
        how == ("exited", "78")
        and configuration(trial.environment, trial.root) != record["configuration"]
    ):
        trial.say("somebody changed the configuration, which is no fault of a release")
        trial.write(left=1)
    else:
        trial.write(why=f"ended: {result} ({' '.join(how)})")
    return DONE


def come_back(trial: Trial) -> int:
    """For a daemon that stays down, or for a person: return, unless the release is not to blame."""
    if not trial.is_open:
        trial.say(f"nothing is on trial, and {trial.runs} stays")
        return NOTHING
    # systemd says this of the daemon to whoever starts the unit, a person too: what is well was not the reason.
    has_failed = os.environ.get("MONITOR_SERVICE_RESULT", "success") != "success"
    if has_failed and trial.record["left"]:
        trial.say(f"{trial.runs} is not to blame, and stays on trial")
        return NOTHING
    is_unwatched = "SERVICE_RESULT" in os.environ  # it is the end of who promotes
    why = "had nobody left to see it prove itself" if is_unwatched else "was sent back by a person"
    return DONE if trial.return_to_previous(why) else CANNOT


def count_first(environment: str, root: str) -> None:
    """Count a start that no unit counts: beside us, for neither the lock nor the alarm is to be the daemon's."""
    if not (counting := os.fork()):
        attend(count, environment, root)
        sys.stderr.flush()
        os._exit(0)
    os.waitpid(counting, 0)


DEEDS: dict[str, Callable[[Trial], int]] = {"ended": ended, "return": come_back, "settle": settle}
