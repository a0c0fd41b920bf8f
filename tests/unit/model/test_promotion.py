import msgspec
import pytest

from pmrunnerd.model.promotion import ENDS, Deed, Ending, Order, Step, Stepped

ORDER = Order(
    id="x1", deed=Deed.ROLLBACK, environment="prod", release="1.0-0123456789ab", by="anna", asked=1
)


def test_an_order_without_a_deed_is_none() -> None:
    plain = msgspec.to_builtins(ORDER)
    del plain["deed"]

    with pytest.raises(msgspec.ValidationError, match="deed"):
        msgspec.convert(plain, Order)


def test_bytes_of_papers_come_back_as_they_were() -> None:
    order = msgspec.structs.replace(ORDER, record=b"\x00\xff{}\n")

    assert msgspec.json.decode(msgspec.json.encode(order), type=Order) == order


def test_a_step_that_a_newer_release_knows_is_no_step_of_ours() -> None:
    with pytest.raises(msgspec.ValidationError, match="levitated"):
        msgspec.json.decode(b'{"step":"levitated","at":1.0}', type=Stepped)


def test_whatever_ends_a_promotion_has_an_exit_status_of_its_own() -> None:
    assert {step for step in Step if step.has_ended} == set(ENDS)
    assert len(set(ENDS.values())) == len(ENDS)
    assert Ending.BUSY not in ENDS.values()
