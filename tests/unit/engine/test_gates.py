from pathlib import Path

from pmrunnerd.model.gates import GatingState
from tests.unit.engine.gatings import Carrying, carried

GATE = '[tool.pm-runner.gates.one]\ncommand = "until [ -e $HOME/go ]; do sleep 0.01; done"\n'


def test_gate_runs_of_a_project_are_carried_one_after_the_other(tmp_path: Path) -> None:
    async def scene(carrying: Carrying) -> None:
        first, second = await carrying.ask(), await carrying.ask()
        await carrying.home(f"{first}-*")
        assert carrying.gating(second).state is GatingState.QUEUED
        for run in (first, second):
            (await carrying.home(f"{run}-*") / "go").touch()
            assert (await carrying.over(run)).state is GatingState.ENDED

    carried(tmp_path, {"main": GATE}, scene)


def test_a_bug_in_one_gate_run_lets_the_daemon_live(tmp_path: Path) -> None:
    async def scene(carrying: Carrying) -> None:
        (tmp_path / "gates/trees").rmdir()
        (tmp_path / "gates/trees").write_text("no directory")
        assert (await carrying.over(await carrying.ask())).state is GatingState.REFUSED

    carried(tmp_path, {"main": GATE}, scene)
