from pathlib import Path

from pmrunnerd.model.gates import GatingState, Verdict
from pmrunnerd.rules.gates import conduct
from tests.unit.engine.gatings import Carrying, carried, verdicts

GATES = """\
[tool.pm-runner.gates.lint]
command = "echo fine"
[tool.pm-runner.gates.unit]
command = "echo '<testsuite><testcase/></testsuite>' > j.xml"
needs = ["lint"]
tests = "j.xml"
"""
BAD = GATES.replace("echo fine", "echo not fine; exit 3")
SLOW = GATES.replace("echo fine", "until [ -e $HOME/go ]; do sleep 0.01; done")
COMMITS = {"main": GATES, "bad": BAD, "none": "[project]\n", "slow": SLOW}


def test_what_cannot_be_tried_is_refused_with_the_reason(tmp_path: Path) -> None:
    async def scene(carrying: Carrying) -> None:
        gone = await carrying.over(await carrying.ask(commit="nowhere"))
        assert (gone.state, gone.reason) == (GatingState.REFUSED, "cannot find commit nowhere")
        none = await carrying.over(await carrying.ask(commit="none"))
        assert none.state is GatingState.REFUSED
        assert "gate" in none.reason
        unknown = await carrying.over(await carrying.ask("e2e"))
        assert "e2e" in unknown.reason

    carried(tmp_path, COMMITS, scene)


def test_tests_that_somebody_committed_count_for_nothing_and_nothing_is_tried(
    tmp_path: Path,
) -> None:
    counted = '[tool.pm-runner.gates.unit]\ncommand = "true"\ntests = "pyproject.toml"\n'
    for_ever = '[tool.pm-runner.gates.unit]\ncommand = "true"\ninputs = ["gone/*"]\n'
    made = f'{GATES}[tool.pm-runner.gates-prepare]\ncommand = "true"\ninputs = ["uv.lock"]\n'

    async def scene(carrying: Carrying) -> None:
        found = await carrying.over(await carrying.ask(commit="counted"))
        assert found.state is GatingState.REFUSED
        assert "pyproject.toml is a file of the source, and nothing that a command" in found.reason
        found = await carrying.over(await carrying.ask(commit="forever"))
        assert "inputs: 'gone/*' matches no file of the source" in found.reason
        found = await carrying.over(await carrying.ask(commit="made", preparing=True))
        assert "gates-prepare: inputs: 'uv.lock' matches no file of the source" in found.reason

    carried(tmp_path, {"main": GATES, "counted": counted, "forever": for_ever, "made": made}, scene)


def test_counts_of_tests_that_stand_in_the_commit_are_refused_and_nothing_is_tried(
    tmp_path: Path,
) -> None:
    async def scene(carrying: Carrying) -> None:
        found = await carrying.over(await carrying.ask())
        assert found.state is GatingState.REFUSED, verdicts(found)
        assert "j.xml is a file of the source" in found.reason

    counted = {
        "pyproject.toml": "[tool.pm-runner.gates.unit]\ncommand = 'true'\ntests = 'j.xml'\n",
        "j.xml": "<testsuite><testcase/></testsuite>",
    }
    carried(tmp_path, {"main": counted}, scene)


def test_all_gates_of_a_commit_are_tried_from_its_start_to_its_end(tmp_path: Path) -> None:
    async def scene(carrying: Carrying) -> None:
        found = await carrying.over(await carrying.ask())
        assert found.state is GatingState.ENDED
        assert verdicts(found) == {"lint": Verdict.PASSED, "unit": Verdict.PASSED}
        assert conduct.has_passed(found)
        assert found.record is not None
        tests = {one.gate: one.tests.ran if one.tests else None for one in found.record.results}
        assert tests == {"lint": None, "unit": 1}

    carried(tmp_path, COMMITS, scene)


PREPARED = """\
[tool.pm-runner.gates-prepare]
command = "echo made >> $PMRUNNER_PREPARED/tool; chmod u+s $PMRUNNER_PREPARED/tool"
inputs = ["pyproject.toml"]
[tool.pm-runner.gates.one]
command = "cat $PMRUNNER_PREPARED/tool; ! touch $PMRUNNER_PREPARED/x; ! echo x >> $PMRUNNER_PREPARED/tool"
"""


def test_what_is_built_of_a_source_is_given_to_its_gates_and_what_only_prepares_waits_for_none(
    tmp_path: Path,
) -> None:
    async def scene(carrying: Carrying) -> None:
        carrying.built = carrying.here.tree(**{"cake.py": "heat = 180\n"})
        found = await carrying.over(await carrying.ask())
        assert verdicts(found) == {"one": Verdict.PASSED}, found
        assert found.record is not None
        assert found.record.build == carrying.built
        assert carrying.seen_building == [[found.id]]
        prepared = await carrying.over(await carrying.ask(preparing=True))
        assert prepared.record is not None
        assert prepared.record.build == ""

    reads = PREPARED.replace("cat $PMRUNNER_PREPARED/tool", "grep heat $PMRUNNER_BUILT/cake.py")
    carried(tmp_path, {"main": reads}, scene)


def test_what_cannot_be_built_is_not_gated(tmp_path: Path) -> None:
    async def scene(carrying: Carrying) -> None:
        carrying.unbuilt = "cannot gate what cannot be built: no wheels"
        found = await carrying.over(await carrying.ask())
        assert (found.state, found.reason) == (GatingState.REFUSED, carrying.unbuilt)
        assert carrying.building == set(), "nobody builds any more"

    carried(tmp_path, COMMITS, scene)


def test_what_gates_need_is_made_once_and_they_can_change_nothing_of_it(tmp_path: Path) -> None:
    async def scene(carrying: Carrying) -> None:
        for _ in range(2):
            found = await carrying.over(await carrying.ask())
            assert verdicts(found) == {"one": Verdict.PASSED}, found
            assert found.record is not None
            assert found.record.results[0].preparation
        (tool,) = (tmp_path / "gates/prepared").glob("[0-9a-f]*/tool")
        assert tool.read_text() == "made\n"
        assert tool.stat().st_mode & 0o7777 == 0o644

    carried(tmp_path, {"main": PREPARED}, scene)


def test_what_prepares_has_its_inputs_and_nothing_else_that_a_commit_could_bring(
    tmp_path: Path,
) -> None:
    async def scene(carrying: Carrying) -> None:
        bad = await carrying.over(await carrying.ask(commit="bad"))
        assert verdicts(bad) == {"one": Verdict.PASSED}, bad
        (tool,) = (tmp_path / "gates/prepared").glob("[0-9a-f]*/tool")
        assert tool.read_text() == "made\n", "what later commits find was made by this one's helper"

    helped = PREPARED.replace('"echo made', '"[ ! -e helper ] || . ./helper; echo made')
    files = {"pyproject.toml": helped, "helper": "echo passes all > $PMRUNNER_PREPARED/tool\n"}
    carried(tmp_path, {"bad": files}, scene)


def test_without_what_they_need_no_gate_is_tried(tmp_path: Path) -> None:
    async def scene(carrying: Carrying) -> None:
        found = await carrying.over(await carrying.ask())
        assert found.state is GatingState.INTERRUPTED
        assert "could not be prepared: exit status 7" in found.reason
        assert verdicts(found) == {}
        assert list((tmp_path / "gates/prepared").iterdir()) == []

    failing = PREPARED.replace("echo made", "exit 7; echo made")
    carried(tmp_path, {"main": failing}, scene)


def test_what_gates_need_can_be_made_alone_and_a_gate_run_finds_it(tmp_path: Path) -> None:
    async def scene(carrying: Carrying) -> None:
        alone = await carrying.over(await carrying.ask(preparing=True))
        assert alone.state is GatingState.ENDED, alone.reason
        assert verdicts(alone) == {}
        assert conduct.has_passed(alone)
        (tool,) = (tmp_path / "gates/prepared").glob("[0-9a-f]*/tool")
        made = tool.stat()
        found = await carrying.over(await carrying.ask())
        assert verdicts(found) == {"one": Verdict.PASSED}
        assert tool.stat() == made, "it was made again"

    carried(tmp_path, {"main": PREPARED}, scene)


def test_where_nothing_is_declared_that_prepares_the_lines_to_add_are_said(tmp_path: Path) -> None:
    async def scene(carrying: Carrying) -> None:
        found = await carrying.over(await carrying.ask(preparing=True))
        assert found.state is GatingState.REFUSED
        assert found.reason.startswith("cannot prepare gates: pyproject.toml declares nothing")
        assert "\n[tool.pm-runner.gates-prepare]\ncommand = " in found.reason

    carried(tmp_path, {"main": GATES}, scene)


def test_what_a_person_attested_of_a_source_holds_for_the_next_gate_run_of_it_and_for_no_other(
    tmp_path: Path,
) -> None:
    text = """\
[tool.pm-runner.gates.lab]
command = "ssh lab"
runs = "attested"
tests = "none"
[tool.pm-runner.gates.boots]
command = "systemctl"
runs = "host"
tests = "none"
[tool.pm-runner.gates.after]
command = "true"
needs = ["lab", "boots"]
tests = "none"
"""
    skipped, none = Verdict.SKIPPED, Verdict.CANNOT_START

    async def scene(carrying: Carrying) -> None:
        first = await carrying.over(await carrying.ask())
        assert verdicts(first) == {"lab": skipped, "boots": none, "after": skipped}
        for gate in ("lab", "boots"):
            said = conduct.Attestation(gate=gate, passed=True, note="bench 4")
            state = carrying.store.ahead
            await carrying.store.commit(*conduct.attest(state, first.id, said, "root"))

        again = await carrying.over(await carrying.ask())
        assert verdicts(again) == dict.fromkeys(("lab", "boots", "after"), Verdict.PASSED)
        assert again.record is not None
        told = {one.gate: (one.signed_by, one.answered_by) for one in again.record.results}
        assert told == {"lab": ("root", first.id), "boots": ("root", first.id), "after": ("", "")}
        other = await carrying.over(await carrying.ask(commit="other"))
        assert verdicts(other) == {"lab": skipped, "boots": none, "after": skipped}

    carried(tmp_path, {"main": text, "other": f"{text}# changed\n"}, scene)
