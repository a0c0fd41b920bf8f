import pytest

from pmrunnerd.model.errors import NotFound
from pmrunnerd.model.gates import Gate, GateSet, Verdict, Where
from pmrunnerd.rules.gates.order import UNATTESTED, Next, order, wanted

OK, BAD = Verdict.PASSED, Verdict.FAILED


def gate(name: str, *needs: str, runs: Where = Where.UNIT) -> Gate:
    return Gate(name=name, command="x", needs=needs, runs=runs)


SET = GateSet(
    gates=(
        gate("e2e", "unit", "package"),
        gate("lint"),
        gate("unit", "lint"),
        gate("package"),
        gate("docs"),
    ),
    source="pyproject.toml",
)
ALL = tuple(one.name for one in SET.gates)


def step(
    results: dict[str, Verdict],
    running: set[str] | None = None,
    at_once: int = 9,
    gates: GateSet = SET,
) -> tuple[list[str], list[tuple[str, str]], bool]:
    names = [one.name for one in gates.gates]
    found: Next = order(gates, names, results, running or set(), at_once)
    return [g.name for g in found.start], [(g.name, why) for g, why in found.skip], found.over


def test_what_needs_nothing_starts_at_once_side_by_side() -> None:
    assert step({}) == (["lint", "package", "docs"], [], False)


def test_no_more_start_than_may_be_under_way() -> None:
    assert step({}, at_once=2) == (["lint", "package"], [], False)
    assert step({}, running={"lint"}, at_once=2) == (["package"], [], False)
    assert step({}, running={"lint", "package"}, at_once=2) == ([], [], False)
    assert step({}, running={"lint", "package"}, at_once=1) == ([], [], False)


def test_a_gate_waits_for_all_that_it_needs() -> None:
    assert step({"lint": OK}, running={"package", "docs"}) == (["unit"], [], False)
    assert step({"lint": OK, "unit": OK, "docs": OK}, running={"package"}) == ([], [], False)
    assert step({"lint": OK, "unit": OK, "docs": OK, "package": OK}) == (["e2e"], [], False)


def test_what_needs_a_gate_that_failed_is_skipped_with_the_reason_and_so_on() -> None:
    assert step({"lint": BAD}, running={"docs", "package"}) == (
        [],
        [("unit", "it needs lint, which failed"), ("e2e", "it needs unit, which was skipped")],
        False,
    )


@pytest.mark.parametrize("verdict", [one for one in Verdict if one is not OK])
def test_every_verdict_but_one_stands_in_the_way(verdict: Verdict) -> None:
    (_, skipped, _) = step({"lint": verdict})

    assert skipped[0][0] == "unit"
    assert skipped[0][1].startswith("it needs lint, which ")


def test_a_gate_run_is_over_when_each_gate_has_its_result() -> None:
    assert step(dict.fromkeys(ALL, OK)) == ([], [], True)
    assert step(dict.fromkeys(ALL[1:], OK), running={"e2e"}) == ([], [], False)
    skipped = step({"lint": BAD, "package": OK, "docs": OK})
    assert skipped[0] == []
    assert skipped[2]


def test_who_asks_for_one_gate_asks_for_what_it_needs_too() -> None:
    assert wanted(SET, ["unit"]) == ("lint", "unit")
    assert wanted(SET, ["e2e", "docs"]) == ALL
    assert wanted(SET, []) == ALL


def test_a_gate_that_is_not_declared_is_refused_with_those_that_are() -> None:
    with pytest.raises(NotFound, match="declares e2e, lint, unit, package, docs"):
        wanted(SET, ["unit", "nope"])


def test_nothing_that_was_not_asked_for_starts() -> None:
    assert [g.name for g in order(SET, ("lint",), {}, set(), 9).start] == ["lint"]
    assert order(SET, ("lint",), {"lint": OK}, set(), 9).over


def test_an_attested_gate_is_never_started_and_waits_for_its_needs() -> None:
    gates = GateSet(
        gates=(gate("lint"), gate("lab", "lint", runs=Where.ATTESTED), gate("after", "lab")),
        source="x",
    )

    assert step({}, gates=gates) == (["lint"], [], False)
    assert step({"lint": OK}, gates=gates) == (
        [],
        [("lab", UNATTESTED), ("after", "it needs lab, which was skipped")],
        True,
    )
    assert step({"lint": OK, "lab": OK}, gates=gates) == (["after"], [], False)
