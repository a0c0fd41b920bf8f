"""What `doctor` looks at of an installed environment beside its state: its unit, and its release.

systemd tells of the one and the launcher of the other, also where no daemon can; 5 ms and a look at each byte.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from pmrunnerctl import launch, machinery
from pmrunnerctl.exits import Cannot, Exit
from pmrunnerctl.where import HOMES, RUN, START, Place
from pmrunnerd.model.checkup import Check, State
from pmrunnerd.model.errors import Code
from pmrunnerd.model.views import Overview

LAUNCHER: Final = Path("/usr/lib/pm-runner/launch")
# What its own words in the log say at length.
_STATUSES: Final = {
    "70": "a bug",
    "74": "the disk failed under it",
    "78": "its configuration, its state or its release cannot be used",
}
_RESULTS: Final = {
    "core-dump": "it crashed",
    "oom-kill": "it met its limit of memory",
    "resources": "the machine had none left for it",
    "signal": "it was killed",
    "start-limit-hit": "it was started too often in too short a time",
    "timeout": "it did not become ready, or did not leave, in time",
    "watchdog": "it hung",
}


def installed(place: Place | None, homes: Path = HOMES) -> str:
    """Return which environment of this machine is meant; empty for a daemon of somebody's own.

    Raises Cannot where there is none of that name.
    """
    directory = place.socket.parent if place is not None else Path()
    if directory.parent != RUN:
        return ""
    if homes.is_dir() and not (homes / directory.name).is_dir():
        raise Cannot(
            f"cannot look at environment {directory.name}: there is none of that name",
            exits=Exit.NOT_FOUND,
            code=Code.NOT_FOUND,
            hint="pmrunnerctl env list",
        )
    return directory.name


def checks(environment: str) -> Iterator[Check]:
    """Yield what systemd says of the unit, and the launcher of the release; nothing where neither has it."""
    name = f"pm-runner@{environment}.service"
    names = ("LoadState", "ActiveState", "SubState", "Result", "ExecMainStatus", "NRestarts")
    (said,) = launch.properties_of([name], *names) or [{}]
    if said.get("LoadState") == "loaded":
        yield unit(f"pm-runner@{environment}", said, sudo="" if os.geteuid() == 0 else "sudo ")
    if LAUNCHER.exists():
        yield release(machinery.complaint(str(LAUNCHER), "verify", environment))


def unit(name: str, said: Mapping[str, str], *, sudo: str = "") -> Check:
    """Judge what systemd says of a unit."""
    state, result = said.get("ActiveState", ""), said.get("Result", "")
    why = f"exit status {said.get('ExecMainStatus', '')}"
    if means := _STATUSES.get(said.get("ExecMainStatus", "")):
        why += f", {means}"
    why = why if result == "exit-code" else _RESULTS.get(result, result)
    log = f"{sudo}journalctl -u {name} -n 20   # says why"
    if state == "failed":
        hint = f"{log}\n{sudo}systemctl start {name}   # once that is mended"
        return _check("problem", f"{name} has failed: {why}", hint)
    if said.get("SubState") == "auto-restart":
        return _check("problem", f"{name} cannot stay up: {why}", log)
    if state == "inactive":
        return _check("warning", f"{name} is stopped", f"{sudo}systemctl start {name}")
    restarts = said.get("NRestarts", "0")
    told = f"{restarts} restart{'' if restarts == '1' else 's'} by itself"
    return _check("ok", f"{name} is {state}, {told}")


def release(complaint: str) -> Check:
    """Judge what the launcher said against a release; nothing, where each byte is what was built."""
    if not complaint:
        return _check("ok", "each byte is what was built", name="installed release")
    first, *more = complaint.splitlines()
    why = first.removeprefix("pm-runner: ").partition(": ")[2] or first
    hints = [line.partition("hint: ")[2] for line in more if "hint: " in line]
    return _check("problem", why, "\n".join(hints), name="installed release")


def of_systemd(check: Check, environment: str, running: Overview | None) -> Check:
    """Say of what systemd starts and holds how systemd does it, and what the daemon knows of its web door."""
    unit = f"pm-runner@{environment}"
    if check.hint == START:
        return replace(check, hint=f"sudo systemctl start {unit}")
    if check.name != "web port":
        return check
    web = next((door for door in running.doors if door.name == "web"), None) if running else None
    if web is not None and web.problem:
        check = replace(check, state="problem", found=web.problem)
    if check.state != "problem":
        return check
    hint = f"sudo systemctl restart {unit}   # once the port is free"
    return replace(check, hint=hint)


def _check(state: State, found: str, hint: str = "", *, name: str = "unit") -> Check:
    return Check(name=name, state=state, found=found, hint=hint)
