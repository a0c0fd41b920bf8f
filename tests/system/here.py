"""This machine, where it was made for a gate: a host that the tests have to themselves already."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.plugins.promises import Elsewhere
from tests.system.host import Host

# Whoever made it has written this.
GATE_HOST: Final = Path("/run/pm-runner-gate-host")


class Here(Host):
    """As its systemd sees it: the tests may have mounts of their own."""

    @property
    def root(self) -> Path:
        return Path("/proc/1/root")

    def entering(self) -> Sequence[str]:
        return ("nsenter", "--target=1", "--mount", "--")

    def reboot(self) -> None:
        raise Elsewhere("a gate's own host is not booted again: the gate would end")

    def cut_power(self) -> None:
        self.reboot()
