from pathlib import Path

from pmrunnerd.services.couriers.choice import choose
from pmrunnerd.services.couriers.detached import Detached
from pmrunnerd.services.couriers.units import Units
from pmrunnerd.services.host import choice


def test_who_holds_the_runs_carries_the_notifications(tmp_path: Path) -> None:
    found = choose(choice.choose("detached", "test", tmp_path), "test", tmp_path)
    assert isinstance(found, Detached)


def test_units_are_called_by_their_environment(tmp_path: Path) -> None:
    del tmp_path
    assert Units("prod").unit("3fa9") == "pm-runner-notify@prod-3fa9.service"
