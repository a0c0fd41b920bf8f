"""The units of prod on a host with the package: their names, what they say, and how a test finds them."""

from tests.system.host import Host

PROD = "pm-runner@prod.service"
SOCKETS = ("pm-runner@prod.socket", "pm-runner-read@prod.socket", "pm-runner-web@prod.socket")
CONFIGURATION = "etc/pm-runner/prod.toml"


def shown(machine: Host, unit: str, name: str) -> str:
    return machine.run("systemctl", "show", f"--property={name}", "--value", unit).stdout.strip()


def put_to_rest(machine: Host) -> Host:
    """Have prod stopped, never in trouble, and with no configuration."""
    machine.run("systemctl", "stop", PROD, *SOCKETS)
    machine.run("systemctl", "reset-failed", PROD, *SOCKETS, check=False)
    (machine.root / CONFIGURATION).unlink(missing_ok=True)
    return machine
