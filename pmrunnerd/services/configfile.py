"""Whether the configuration file of an environment can be used, and whether it tells a secret to everybody."""

import grp
import os
import pwd
import stat
from pathlib import Path
from typing import Final

from pmrunnerd.model.checkup import Check
from pmrunnerd.model.errors import PmError
from pmrunnerd.model.settings import Settings, table

_NAME: Final = "configuration"


def check(
    file: Path, environment: str, settings: Settings, wrong: PmError | None = None
) -> Check | None:
    """Judge a file of which `settings` are what was read, or `wrong` why none were; None for no file."""
    try:
        about = file.stat()
    except FileNotFoundError:
        return None
    except OSError:
        about = None
    if about is None or not os.access(file, os.R_OK, effective_ids=True):
        # As it should be where there are secrets in it.
        return Check(name=_NAME, state="ok", found=f"{file}, which you may not read")
    if _is_closed(about, environment):
        found = f"{file} is closed to pm-runner-{environment}, whose daemon reads it"
        return Check(name=_NAME, state="problem", found=found, hint=_closing(file, environment))
    if wrong is not None:
        hint = wrong.hint or f"ls -l {file}"
        return Check(name=_NAME, state="problem", found=str(wrong), hint=hint)
    usual = Settings()
    secrets = [
        row.key
        for row in table()
        if row.secret and getattr(settings, row.field) != getattr(usual, row.field)
    ]
    if secrets and about.st_mode & stat.S_IROTH:
        told = f"{file} can be read by everybody, runs among them, and has {', '.join(secrets)}"
        return Check(name=_NAME, state="warning", found=told, hint=_closing(file, environment))
    return Check(name=_NAME, state="ok", found=str(file))


def _is_closed(about: os.stat_result, environment: str) -> bool:
    """Tell whether its daemon cannot read a file that we can: root's editor makes one for root alone."""
    try:
        daemon = pwd.getpwnam(f"pm-runner-{environment}")
    except KeyError:
        return False
    # The first of these that fits is the only one that counts.
    if about.st_uid == daemon.pw_uid:
        return not about.st_mode & stat.S_IRUSR
    if about.st_gid in os.getgrouplist(daemon.pw_name, daemon.pw_gid):
        return not about.st_mode & stat.S_IRGRP
    return not about.st_mode & stat.S_IROTH


def _closing(file: Path, environment: str) -> str:
    """Return what closes a file to all but root and the daemon, or whose it is where there is no such."""
    group = f"pm-runner-{environment}"
    try:
        grp.getgrnam(group)
    except KeyError:
        return f"sudo chmod 0600 {file}"
    return f"sudo chown root:{group} {file}; sudo chmod 0640 {file}"
