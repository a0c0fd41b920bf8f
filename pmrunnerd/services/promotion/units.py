"""A daemon as a unit of systemd: looked at, and started again by exact names, whatever its starts before came to."""

import re
from pathlib import Path
from typing import Final

from msgspec import Struct

from pmrunnerd.model.errors import Unavailable
from pmrunnerd.rules.promotion.probation import Unit
from pmrunnerd.services import process
from pmrunnerd.services.outcome import Exited, why

# As long as all checks may take, or two starts: one may run into its timeout.
_LONGEST: Final = 180.0
_SOON: Final = 10.0
_SAYS: Final = 1 << 16
_PORT: Final = re.compile(r"(?P<host>[0-9.]+):(?P<port>[0-9]+) \(Stream\)")
EVERYWHERE: Final = "0.0.0.0"  # noqa: S104 - read, and never listened at
# What `ActiveState` comes to; whatever else it says is on its way.
_STATES: Final = {"active": Unit.UP, "inactive": Unit.STOPPED, "failed": Unit.FAILED}


class Look(Struct, frozen=True, kw_only=True):
    """What the manager says: whether it is up, and which start of it that is."""

    unit: Unit
    invocation: str = ""


class Units:
    """The daemon of an environment and its sockets. Each method raises Unavailable where nobody can be asked."""

    def __init__(self, environment: str, path: str = process.PATH) -> None:
        self._service = f"pm-runner@{environment}.service"
        self._health = f"pm-runner-health@{environment}.service"
        self._sockets = [f"pm-runner{kind}@{environment}.socket" for kind in ("", "-read", "-web")]
        self._environment = {"PATH": path, "LANG": "C.UTF-8"}

    async def restart(self) -> str:
        """Have it started again; return why that failed, once the manager has an answer."""
        # Else the crashes of another release have this one refused, just when it is needed.
        await self._ask("reset-failed", self._service, *self._sockets, total=_SOON)
        return await self._ask("restart", self._service, total=_LONGEST)

    async def look(self) -> Look:
        """Return how it is."""
        said = await self._shown(self._service, "ActiveState", "InvocationID", "Job")
        state = _STATES.get(said.get("ActiveState", ""), Unit.COMING)
        if said.get("Job", "") not in {"", "0"}:
            state = Unit.COMING
        return Look(unit=state, invocation=said.get("InvocationID", ""))

    async def web(self) -> tuple[str, int] | None:
        """Return where its web door listens on the loopback, which is all that we may reach; None where it does not."""
        said = await self._shown(self._sockets[-1], "Listen", "ActiveState")
        if said.get("ActiveState") != "active":
            return None
        listens = _PORT.finditer(said.get("Listen", ""))
        found = {"127.0.0.1" if one["host"] == EVERYWHERE else one["host"]: one for one in listens}
        local = sorted(host for host in found if host.startswith("127."))
        return (local[0], int(found[local[0]]["port"])) if local else None

    async def checked(self) -> str:
        """Have the administrator's checks tried; return what failed that has to hold."""
        if not (refusal := await self._ask("start", self._health, total=_LONGEST)):
            return ""
        said = await self._shown(self._health, "StatusText")
        await self._ask("reset-failed", self._health, total=_SOON)  # it is told by who asked
        return said.get("StatusText", "") or refusal

    async def _shown(self, unit: str, *names: str) -> dict[str, str]:
        argv = ("systemctl", "show", f"--property={','.join(names)}", unit)
        done = await process.run(
            argv, cwd=Path("/"), env=self._environment, total=_SOON, limit=_SAYS
        )
        if not isinstance(done, Exited) or done.status:
            raise Unavailable(
                f"cannot look at {unit}: {why(done)}", hint=f"systemctl status {unit}"
            )
        lines = done.out.decode(errors="replace").splitlines()
        found: dict[str, str] = {}
        for key, is_one, value in (line.partition("=") for line in lines):
            if is_one:
                found[key] = f"{found[key]} {value}" if key in found else value
        return found

    async def _ask(self, verb: str, *units: str, total: float) -> str:
        argv = ("systemctl", "--no-ask-password", verb, *units)
        done = await process.run(
            argv, cwd=Path("/"), env=self._environment, total=total, limit=_SAYS
        )
        return "" if isinstance(done, Exited) and not done.status else why(done)
