import pytest

from pmrunnerd.api import moves
from pmrunnerd.api.conversation import entries
from pmrunnerd.model import events as ev
from pmrunnerd.model.promotion import Step
from pmrunnerd.store.batch import Batch
from tests.unit.rules.promotion import premises
from tests.unit.rules.promotion.test_promotions import ASKED, BACK, WELL, read


def test_a_conversation_hears_that_it_began_and_who_asked() -> None:
    (entry,) = entries(premises.state(ASKED), "w1", Batch(seq=7, at=premises.AT, facts=(ASKED,)))

    assert (entry.kind, entry.author, entry.id) == ("promotion", "anna", "x1-4f2a")
    assert entry.text == "promote x1-4f2a has begun: release 1.0-0123456789ab"


@pytest.mark.parametrize(
    ("steps", "kind", "said"),
    [
        (WELL, ev.PromotionConfirmed, "has proved itself, and runs from here on"),
        (BACK, ev.PromotionReturned, "came back; the one before runs, and is healthy: it crashed"),
        (
            (Step.REFUSED,),
            ev.PromotionRefused,
            "was refused; what runs was not stopped: it crashed",
        ),
    ],
)
def test_it_hears_how_it_ended_and_why(
    steps: tuple[Step, ...], kind: type[ev.PromotionConfirmed], said: str
) -> None:
    state = premises.state(ASKED)
    read(state, *steps)
    why = "" if kind is ev.PromotionConfirmed else "it crashed"

    author, text = moves.told(state, kind(promotion="x1-4f2a", project="w1", reason=why))

    assert (author, text) == ("", f"promote x1-4f2a: release 1.0-0123456789ab {said}")


def test_of_one_that_is_forgotten_its_name_is_told() -> None:
    gone = ev.PromotionFailed(promotion="x9-4f2a", project="w1", reason="why")

    assert moves.told(premises.state(), gone)[1].startswith("x9-4f2a failed")
