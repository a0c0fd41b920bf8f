from typing import Any

import pytest
from msgspec.structs import replace

from pmrunnerd.model.gates import (
    Counted,
    Gate,
    GateResult,
    GateRun,
    GateSet,
    Preparation,
    Verdict,
    Where,
)
from pmrunnerd.rules.gates.weaker import as_tried, counts, weaker
from tests.unit.rules.gates import tries

UNIT = Gate(name="unit", command="pytest", needs=("lint",), tests="j.xml", inputs=("src", "tests"))
LINT = Gate(name="lint", command="ruff")
PREPARE = Preparation(command="uv sync", inputs=("uv.lock",))
BEFORE = GateSet(gates=(LINT, UNIT), source="a", prepare=PREPARE)


def words(now: GateSet, had: int = 0, has: int = 0, before: GateSet = BEFORE) -> list[str]:
    counted = ({"unit": Counted(ran=had)}, {"unit": Counted(ran=has)}) if had else ({}, {})
    return [one.words for one in weaker(before, now, *counted).found]


def changed(**fields: Any) -> GateSet:
    return replace(BEFORE, gates=(LINT, replace(UNIT, **fields)))


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (replace(BEFORE, gates=(UNIT,)), "gate lint is gone"),
        (changed(name="renamed"), "gate unit is gone"),
        (changed(command="true"), "gate unit has another command"),
        (changed(tests="none"), "gate unit counts no tests any more"),
        (changed(network=True), "gate unit may use the network"),
        (changed(runs=Where.ATTESTED), "gate unit is attested by a person, and tried no more"),
        (changed(runs=Where.HOST), "gate unit runs elsewhere"),
        (changed(needs=()), "gate unit needs lint no more"),
        (changed(inputs=("src",)), "gate unit may depend on less, or on something else"),
        (
            changed(inputs=("src", "tests", "!a")),
            "gate unit may depend on less, or on something else",
        ),
        (changed(inputs=("lib", "test")), "gate unit may depend on less, or on something else"),
        (replace(BEFORE, prepare=None), "nothing prepares what gates need any more"),
        (
            replace(BEFORE, prepare=Preparation(command="x")),
            "what gates need is prepared by another command",
        ),
        (
            replace(BEFORE, prepare=replace(PREPARE, inputs=("a",))),
            "what is prepared may depend on less, or on something else",
        ),
    ],
)
def test_each_way_to_ask_less_is_one_difference(now: GateSet, expected: str) -> None:
    assert words(now) == [expected]


@pytest.mark.parametrize(
    "now",
    [
        BEFORE,
        replace(BEFORE, source="pm-runner.toml"),
        replace(BEFORE, gates=(UNIT, LINT)),
        replace(BEFORE, gates=(*BEFORE.gates, Gate(name="new", command="x"))),
        changed(timeout=7200.0),
        changed(timeout=1.0),
        changed(inputs=()),
        changed(inputs=("tests", "src", "more")),
        changed(needs=("lint", "more")),
        changed(tests="other.xml"),
    ],
)
def test_what_asks_the_same_or_more_is_no_difference(now: GateSet) -> None:
    assert words(now) == []


def test_inputs_that_were_everything_are_narrower_once_they_are_declared() -> None:
    assert words(changed(inputs=("src",)), before=changed(inputs=())) == [
        "gate unit may depend on less, or on something else"
    ]


@pytest.mark.parametrize(
    ("has", "is_less"), [(0, True), (89, True), (90, True), (91, False), (200, False)]
)
def test_ten_of_a_hundred_tests_fewer_are_a_difference(has: int, is_less: bool) -> None:
    less = f"gate unit ran {has} tests, {100 - has} % fewer than 100"

    assert words(BEFORE, 100, has) == ([less] if is_less else [])


def test_tests_that_nobody_counted_before_cannot_be_fewer() -> None:
    assert weaker(BEFORE, BEFORE, {}, {"unit": Counted(ran=0)}).found == ()
    assert weaker(BEFORE, BEFORE, {"unit": Counted(ran=0)}, {"unit": Counted(ran=0)}).found == ()


def test_an_attested_gate_that_is_tried_again_is_no_difference() -> None:
    assert words(changed(runs=Where.UNIT), before=changed(runs=Where.ATTESTED)) == []


def test_a_gate_that_had_a_host_and_is_attested_now_is_a_difference_though_it_declares_the_same() -> (
    None
):
    gates = changed(runs=Where.HOST)
    tried, signed = (
        GateRun(
            id="g1", project="w1", commit="c", source="s", definitions="d", gates=gates, wanted=("unit",),
            started=0, results=(tries.result("unit", signed_by=by),),
        )
        for by in ("", "root")
    )  # fmt: skip

    found = weaker(as_tried(tried), as_tried(signed)).found
    assert [one.words for one in found] == ["gate unit is attested by a person, and tried no more"]
    assert weaker(as_tried(signed), as_tried(signed)).found == ()
    assert weaker(as_tried(signed), as_tried(tried)).found == ()


def test_all_differences_are_told_in_order_and_have_one_digest() -> None:
    now = GateSet(gates=(replace(UNIT, command="true", network=True),), source="a", prepare=PREPARE)
    found = weaker(BEFORE, now)

    assert [one.words for one in found.found] == [
        "gate lint is gone",
        "gate unit has another command",
        "gate unit may use the network",
    ]
    assert found.digest == weaker(replace(BEFORE, gates=(UNIT, LINT)), now).digest


def test_who_accepted_one_command_has_not_accepted_another() -> None:
    one, other = weaker(BEFORE, changed(command="a")), weaker(BEFORE, changed(command="b"))

    assert [d.words for d in one.found] == [d.words for d in other.found]
    assert one.digest != other.digest
    assert one.digest != weaker(BEFORE, BEFORE).digest


def test_counts_are_those_of_the_results() -> None:
    def result(gate: str, tests: Counted | None) -> GateResult:
        return GateResult(
            gate=gate, verdict=Verdict.PASSED, definition="", inputs="", started=0, seconds=0, tests=tests
        )  # fmt: skip

    run = GateRun(
        id="g1", project="w1", commit="c", source="s", definitions="d", gates=BEFORE, wanted=(),
        started=0, results=(result("lint", None), result("unit", Counted(ran=4))),
    )  # fmt: skip

    assert counts(run) == {"unit": Counted(ran=4)}
