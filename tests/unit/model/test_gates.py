"""The words of gates, and how they are written down."""

import msgspec

from pmrunnerd.model.gates import Counted, Gate, GateResult, GateSet, Verdict, Where


def test_a_gate_is_written_with_what_was_said_of_it_alone() -> None:
    gate = Gate(name="lint", command="ruff check")
    assert msgspec.json.encode(gate) == b'{"name":"lint","command":"ruff check"}'
    assert gate.runs is Where.UNIT
    assert not gate.network


def test_a_result_comes_back_as_it_was_written() -> None:
    result = GateResult(
        gate="unit",
        verdict=Verdict.TIMED_OUT,
        definition="d" * 64,
        inputs="e" * 64,
        started=1.5,
        seconds=600.0,
        tests=Counted(ran=3, failed=1),
    )
    assert msgspec.json.decode(msgspec.json.encode(result), type=GateResult) == result


def test_a_set_says_which_file_declares_it() -> None:
    found = GateSet(gates=(Gate(name="a", command="true"),), source="pyproject.toml")
    assert msgspec.json.decode(msgspec.json.encode(found), type=GateSet) == found
