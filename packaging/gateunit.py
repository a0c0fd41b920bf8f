"""A gate as a unit of systemd: what its ExecStartPre=, ExecStart= and ExecStopPost= do."""

import grp
import os
import pwd
import sys
from pathlib import Path

import gate
import ledger
import usage
from gate import Places


def do(deed: str, kind: str, environment: str, name: str, root: str = "") -> int:
    """Do one of the three for a gate of an environment; return the status to leave with."""
    state = Path(f"{root}/var/lib/pm-runner")
    places = Places(
        gates=state / "gates" / environment,
        records=state / "promote" / environment / "gates",
        prepared=state / "prepared" / environment,
        work=state / "work",
    )
    network = kind in {"gatenet", "prepare"}
    if deed == "gate" and kind != "gatehost":
        return gate.run(places, name, network=network)
    try:
        daemon = pwd.getpwnam(f"pm-runner-{environment}")
        gates = grp.getgrnam("pm-gate").gr_gid
    except KeyError:
        sys.stderr.write(f"launch: cannot note gate {name}: there is no pm-runner-{environment}\n")
        return 1
    if deed == "gate":
        import gatehost  # noqa: PLC0415 - of a host alone

        return gatehost.run(places, name, gates)
    said = os.environ.get
    who = {"owner": daemon.pw_uid, "invocation": said("INVOCATION_ID", "")}
    who |= {"prepares": kind == "prepare"}
    if deed == "begin":
        return ledger.begin(places, name, group=gates, **who)
    if kind == "gatehost":
        import gatehost  # noqa: PLC0415 - of a host alone

        gatehost.let_go(name)
    return ledger.end(
        places,
        name,
        **who,
        group=daemon.pw_gid,
        result=said("SERVICE_RESULT", ""),
        code=said("EXIT_CODE", ""),
        status=said("EXIT_STATUS", ""),
        by=f"pm-runner-{kind}",
        used=usage.used(),
    )
