import pytest

from pmrunnerd.model.promotions import PromotionState

ENDS = {"CONFIRMED", "RETURNED", "REFUSED", "FAILED"}


@pytest.mark.parametrize("state", PromotionState)
def test_what_has_ended_is_bad_unless_it_is_confirmed(state: PromotionState) -> None:
    assert state.has_ended == (state.name in ENDS)
    assert state.is_bad == (state.name in ENDS - {"CONFIRMED"})
