"""Whether Claude Code could work here: what `doctor` says of its program, its sandbox and its login."""

import asyncio
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from pmrunnerd.model.checkup import Check
from pmrunnerd.model.logins import Login
from pmrunnerd.model.settings import Settings
from pmrunnerd.services import claudecode, credentials, trial
from pmrunnerd.services.credentials import Credential, NoLogin, Stored

AGENT: Final = "claude"
_KINDS: Final = {
    Login.API_KEY: "an API key",
    Login.TOKEN: "a token",
    Login.OWN: "a person's own login",
}


def is_wanted(place: Path, settings: Settings) -> bool:
    """Tell whether somebody means to use it here: it is installed, named, or logged in."""
    named = bool(settings.agent_claude_path)
    return named or claudecode.package() is not None or _is_kept(place)


def _is_kept(place: Path) -> bool:
    return os.path.lexists(credentials.file(place, AGENT))


async def checks(
    place: Path,
    settings: Settings,
    *,
    needed: bool = True,
    tries: bool = False,
    hidden: Sequence[Path] = (),
) -> tuple[Check, ...]:
    """Look at all of it; who `tries` has it make a request, too, which sees nothing `hidden`.

    `place` is where logins are kept.
    Where no project needs it, what is wrong is a warning.
    """
    found = claudecode.program(settings.agent_claude_path)
    version = await claudecode.version(found) if found is not None else ""
    kept, known = await asyncio.to_thread(login, place, datetime.now(UTC))
    said = (
        program(found, settings.agent_claude_path, version, claudecode.tested()),
        surroundings(claudecode.missing()),
        known if isinstance(known, Check) else _logged_in(kept, known),
    )
    if not needed:
        return tuple(replace(one, state="warning") if one.hint else one for one in said)
    if not tries:
        return said
    if found is None or isinstance(known, Check) or not version:
        hint = next((one.hint for one in said if one.state == "problem"), "pmrunnerctl agent show")
        return (*said, _problem(trial.NAME, "not tried: see above", hint))
    tried = await trial.attempt(
        found,
        known.environment,
        more=settings.agent_env,
        model=settings.agent_claude_model,
        hidden=hidden,
    )
    return (*said, for_its_owner(tried, kept))


def for_its_owner(tried: Check, kept: Stored | None) -> Check:
    """Return what came of a request, with what helps where the login is a person's own."""
    if kept is None or kept.kind is not Login.OWN or tried.hint != trial.LOGIN:
        return tried
    # Another login would take the place of theirs, which only wants to be renewed.
    return replace(tried, hint=credentials.RENEW)


def program(found: Path | None, named: str, version: str, tested: str) -> Check:
    """Judge the CLI: where it is, and whether it is the one that was tested."""
    if found is None and named:
        return _problem("claude", f"{named} is no program (agent.claude.path)", f"ls -l {named}")
    if found is None:
        return _problem("claude", "Claude Code is not installed", claudecode.install())
    if not version:
        return _problem("claude", f"{found} does not start", f"{found} --version")
    if tested and version != tested:
        other = f"{version}, and this release was tested with {tested}: {found}"
        hint = claudecode.tested_one(tested) if named else claudecode.install()
        return Check(name="claude", state="warning", found=other, hint=hint)
    return Check(name="claude", state="ok", found=f"{version}, {found}")


def surroundings(missing: Sequence[str]) -> Check:
    """Judge what confines the commands that the model runs; each run sets itself up, nobody is asked."""
    if missing:
        packages = " ".join(claudecode.PROGRAMS[name] for name in missing)
        found = f"{' and '.join(missing)} not installed; runs are refused"
        return _problem("claude sandbox", found, f"sudo apt-get install {packages}")
    found = "bwrap and socat are there; each run has a configuration of its own"
    return Check(name="claude sandbox", state="ok", found=found)


def login(place: Path, now: datetime) -> tuple[Stored | None, Credential | Check]:
    """Return the login as it is kept, and what is handed on of it or what is wrong with it."""
    name = "claude login"
    try:
        kept = credentials.stored(place, AGENT)
        return kept, credentials.credential(kept, AGENT, now)
    except NoLogin as exc:
        return None, _problem(name, str(exc), exc.hint or "pmrunnerctl agent login")
    except PermissionError:
        closed = "only the daemon's user can look at it"
        return None, Check(name=name, state="warning", found=closed, hint="pmrunnerctl agent show")
    except OSError as exc:
        return None, _problem(name, exc.strerror or str(exc), "pmrunnerctl agent login")


def _logged_in(kept: Stored | None, known: Credential) -> Check:
    kind = _KINDS[kept.kind] if kept is not None else ""
    until = f", good until {known.expires}" if known.expires else ""
    return Check(name="claude login", state="ok", found=f"{kind}{until}")


def _problem(name: str, found: str, hint: str) -> Check:
    return Check(name=name, state="problem", found=found, hint=hint)
