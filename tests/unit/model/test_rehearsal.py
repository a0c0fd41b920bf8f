import msgspec
import pytest

from pmrunnerd.model.rehearsal import Trial, Verdict


def test_a_verdict_without_its_differences_is_none() -> None:
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(b'{"commits": 3}', type=Verdict)


def test_an_order_is_read_as_it_was_given() -> None:
    order = Trial(environment="prod", candidate="1-a", patience=30.0, memory=1 << 30)
    assert msgspec.json.decode(msgspec.json.encode(order), type=Trial) == order
