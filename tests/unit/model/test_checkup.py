import msgspec
import pytest

from pmrunnerd.model.checkup import Check


def test_a_check_is_ok_a_warning_or_a_problem_and_nothing_else() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'{"name": "git", "state": "fine", "found": ""}', type=Check)
