from pmrunnerd.model.state import State
from pmrunnerd.rules.evolve import evolve
from pmrunnerd.store.batch import Batch, encode
from pmrunnerd.store.hearsay import hearsay, identifiers
from tests.unit.store.parts import AT, project, said


def test_of_bytes_that_say_nothing_nothing_is_said() -> None:
    assert hearsay(b"\0" * 512, State()) == ()
    assert identifiers(b"\xff") == ()


def test_kinds_of_facts_are_said_with_the_alias_of_their_project() -> None:
    state = State()
    evolve(state, project(), AT)
    line = encode(Batch(seq=2, at=AT, facts=(said(2), said(3), said(4, project="p9"))))

    assert hearsay(line, state) == ("message posted in alias-p1, p9",)


def test_identifiers_are_found_in_half_a_line_too() -> None:
    line = encode(Batch(seq=2, at=AT, facts=(said(2),)))

    assert identifiers(line) == ("m2", "p1")
    assert identifiers(line[: line.index(b',"project"')]) == ("m2",)
