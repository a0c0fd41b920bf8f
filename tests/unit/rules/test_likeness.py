from typing import Any

from pmrunnerd.model.entities import Project, Question
from pmrunnerd.rules.likeness import differences, listed


def question(name: str, text: str = "Which?") -> Question:
    return Question(id=name, project="w1", task="t1", run="r1", text=text)


BEFORE: dict[str, dict[str, Any]] = {
    "questions": {"q1": question("q1"), "q2": question("q2")},
    "about": {"release": "1", "notified": "7"},
    "minted": {"m": 3},
}


def test_a_question_that_is_lost_is_named() -> None:
    after = BEFORE | {"questions": {"q2": question("q2")}}

    assert differences(BEFORE, after) == ["lost of the questions q1"]


def test_a_table_that_is_lost_whole_names_some_and_counts_the_others() -> None:
    before = {"questions": {f"q{n}": question(f"q{n}") for n in range(9)}}

    assert differences(before, {}) == ["lost of the questions q0, q1, q2, q3, q4 and 4 more"]


def test_what_is_not_as_it_was_is_named_with_its_fields() -> None:
    after = BEFORE | {"questions": {"q1": question("q1"), "q2": question("q2", "What?")}}

    assert differences(BEFORE, after) == ["has changed of the questions q2 (text)"]


def test_what_nobody_made_is_named() -> None:
    after = BEFORE | {"questions": BEFORE["questions"] | {"q3": question("q3")}}

    assert differences(BEFORE, after) == ["has other questions, which nobody made: q3"]


def test_a_count_that_is_another_is_said_with_both() -> None:
    assert differences(BEFORE, BEFORE | {"minted": {"m": 4}}) == [
        "has changed of the minted m (from 3 to 4)"
    ]


def test_what_was_asked_for_since_makes_no_difference() -> None:
    after = BEFORE | {
        "messages": {"m4": "hello"},
        "minted": {"m": 4, "t": 1},
        "about": {"release": "2", "lineages": "x", "notified": "7"},
    }

    assert differences(BEFORE, after, {"m4"}) == []
    assert differences(BEFORE, after) != []


def test_a_count_that_shrank_would_give_a_name_twice() -> None:
    assert differences(BEFORE, BEFORE | {"minted": {"m": 2}}, {"m4"}) == [
        "has changed of the minted m (from 3 to 2)"
    ]


def test_what_a_daemon_does_not_note_of_itself_may_not_change() -> None:
    after = BEFORE | {"about": {"release": "2", "notified": "8"}}

    assert differences(BEFORE, after, {"m4"}) == ["has changed of the about notified (from 7 to 8)"]


def test_a_table_of_which_only_the_other_knows_is_none_of_ours() -> None:
    assert differences(BEFORE, BEFORE | {"dreams": {"d1": "of cake"}}) == []


def test_the_same_is_no_difference() -> None:
    same = {"projects": {"w1": Project(id="w1", alias="a", path="/srv/a")}}
    assert differences(same, dict(same)) == []


def test_few_names_are_all_said() -> None:
    assert listed(["a", "b"]) == "a, b"
