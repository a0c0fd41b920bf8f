"""This machine, where it was made for a gate: a host that the tests have to themselves already."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest

from tests.system.host import Host

# Whoever made it has written this.
GATE_HOST: Final = Path("/run/pm-runner-gate-host")


class Here(Host):
    @property
    def root(self) -> Path:
        return Path("/")

    def entering(self) -> Sequence[str]:
        return ()

    def reboot(self) -> None:
        pytest.skip("a gate's own host is not booted again: the gate would end")

    def cut_power(self) -> None:
        self.reboot()
