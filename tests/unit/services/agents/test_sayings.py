"""What an agent says is told, however long it is."""

from pmrunnerd.model.progress import Said
from pmrunnerd.services.agents.chunks import LIMIT
from pmrunnerd.services.agents.sayings import said


def test_what_is_said_at_great_length_is_told_in_pieces_and_nothing_of_it_is_lost() -> None:
    text = "\n".join(["ü" * 1000] * 1000)

    pieces = list(said(text))
    assert "\n".join(one.text for one in pieces) == text
    assert max(len(one.text.encode()) for one in pieces) <= LIMIT


def test_what_was_thought_is_told_as_that() -> None:
    assert list(said("Hm.", thought=True)) == [Said(at="", text="Hm.", thought=True)]
