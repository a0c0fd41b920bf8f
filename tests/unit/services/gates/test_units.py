from pathlib import Path

import pytest

from pmrunnerd.model.errors import Unavailable
from pmrunnerd.services.gates import Kind
from pmrunnerd.services.gates.units import GateUnits
from pmrunnerd.services.systemctl import Systemctl
from tests.fakes import gateunits
from tests.unit.services.gates.parts import awaited

ONE = "g1-4f2a-one"


@awaited
async def test_a_gate_with_a_network_or_a_host_is_a_unit_of_another_kind(tmp_path: Path) -> None:
    manager = tmp_path / "manager"
    units = GateUnits("test", Systemctl(gateunits.install(tmp_path / "bin", manager)))
    for kind, unit in (
        (Kind.GATE, f"pm-runner-gate@test-{ONE}.service"),
        (Kind.NETWORK, f"pm-runner-gatenet@test-{ONE}.service"),
        (Kind.HOST, f"pm-runner-gatehost@test-{ONE}.service"),
        (Kind.PREPARE, f"pm-runner-prepare@test-{ONE}.service"),
    ):
        assert not await units.alive(ONE, kind)
        await units.start(ONE, kind)
        assert (manager / unit).exists()
        assert await units.alive(ONE, kind)
        await units.stop(ONE, kind)
        assert not (manager / unit).exists()
        await units.stop(ONE, kind)
    asked = (manager / "asked").read_text().splitlines()
    assert {line.split()[0] for line in asked} == {"start", "stop", "show"}


@awaited
async def test_one_that_may_not_be_started_is_said_so(tmp_path: Path) -> None:
    manager = tmp_path / "manager"
    units = GateUnits("test", Systemctl(gateunits.install(tmp_path / "bin", manager)))
    (manager / "denied").touch()
    with pytest.raises(Unavailable, match="Access denied"):
        await units.start(ONE, Kind.GATE)
