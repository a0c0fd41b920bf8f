import os
from pathlib import Path

from pmrunnerd.model.gates import GatingState, Verdict
from pmrunnerd.rules.gates import conduct
from pmrunnerd.services.gates.tries import name
from tests.unit.engine.gatings import Carrying, carried, verdicts
from tests.unit.engine.test_gateruns import COMMITS, GATES
from tests.unit.services.gates.parts import until


def test_what_needs_a_gate_that_failed_is_skipped(tmp_path: Path) -> None:
    async def scene(carrying: Carrying) -> None:
        found = await carrying.over(await carrying.ask(commit="bad"))
        assert verdicts(found) == {"lint": Verdict.FAILED, "unit": Verdict.SKIPPED}
        assert found.state is GatingState.ENDED
        assert not conduct.has_passed(found)

    carried(tmp_path, COMMITS, scene)


def test_one_that_is_cancelled_leaves_nothing_at_work(tmp_path: Path) -> None:
    async def scene(carrying: Carrying) -> None:
        run = await carrying.ask(commit="slow")
        await until(lambda: carrying.gating(run).under_way)
        for fact in conduct.cancel(carrying.store.ahead, run, "anna"):
            await carrying.store.commit(fact)
        found = await carrying.over(run)
        assert found.state is GatingState.CANCELLED
        assert verdicts(found) in ({"lint": Verdict.CANCELLED}, {})
        assert found.record is not None
        assert not await carrying.here.trier.alive(name(found.record, "lint"))

    carried(tmp_path, COMMITS, scene)


def test_one_goes_on_over_a_restart_of_the_daemon(tmp_path: Path) -> None:
    runs: list[str] = []

    async def first(carrying: Carrying) -> None:
        runs.append(await carrying.ask(commit="slow"))
        await until(lambda: carrying.gating(runs[0]).under_way)
        await carrying.home("g*-lint")

    async def then(carrying: Carrying) -> None:
        assert carrying.gating(runs[0]).under_way == ("lint",)
        (await carrying.home("g*-lint") / "go").touch()
        found = await carrying.over(runs[0])
        assert verdicts(found) == {"lint": Verdict.PASSED, "unit": Verdict.PASSED}

    carried(tmp_path, COMMITS, first)
    carried(tmp_path, COMMITS, then)


def test_a_gate_whose_end_nobody_wrote_down_has_failed(tmp_path: Path) -> None:
    async def scene(carrying: Carrying) -> None:
        run = await carrying.ask("lint", commit="slow")
        lock = (await carrying.home("g*-lint")).parents[1] / "lock"
        os.kill(int(lock.read_text()), 9)
        found = await carrying.over(run)
        assert verdicts(found) == {"lint": Verdict.CANNOT_START}

    carried(tmp_path, COMMITS, scene)


def test_a_gate_that_declares_its_inputs_is_answered_for_by_an_earlier_one(tmp_path: Path) -> None:
    declared = GATES.replace('echo fine"', 'echo fine"\ninputs = ["pyproject.toml"]')

    async def scene(carrying: Carrying) -> None:
        first = await carrying.ask("lint")
        assert verdicts(await carrying.over(first)) == {"lint": Verdict.PASSED}
        again = await carrying.over(await carrying.ask("lint"))
        assert again.record is not None
        assert again.record.results[0].answered_by == first
        carrying.built = carrying.here.tree(**{"cake.py": "heat = 180\n"})
        anew = await carrying.over(await carrying.ask("lint"))
        assert anew.record is not None
        assert anew.record.results[0].answered_by == "", "on another build it was never tried"

    carried(tmp_path, {"main": declared}, scene)


def test_a_gate_that_declares_its_inputs_has_nothing_beside_them_that_could_make_it_pass(
    tmp_path: Path,
) -> None:
    table = """\
[tool.pm-runner.gates.unit]
command = "cat cake.py; [ ! -e helper ] || exit 0; exit 7"
inputs = ["cake.py"]
"""
    kind = {"pyproject.toml": table, "cake.py": "heat = 500\n", "helper": "passes all\n"}

    async def scene(carrying: Carrying) -> None:
        found = await carrying.over(await carrying.ask(commit="kind"))
        assert verdicts(found) == {"unit": Verdict.FAILED}, "what a commit has beside is not there"
        assert found.record is not None
        assert found.record.results[0].status == 7

    carried(tmp_path, {"kind": kind}, scene)
