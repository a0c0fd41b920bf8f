import pytest

from pmrunnerctl.exits import Cannot, Exit
from pmrunnerctl.failures import Lost, raise_failure
from pmrunnerd.model.errors import Code
from pmrunnerd.model.frames import Failed


def test_what_may_work_later_is_lost_and_keeps_what_the_daemon_said() -> None:
    with pytest.raises(Lost, match="the disk is full") as caught:
        raise_failure(
            Failed(call=1, code=Code.UNAVAILABLE, message="the disk is full", retryable=True)
        )

    assert isinstance(caught.value.__cause__, Cannot)
    assert caught.value.__cause__.exits is Exit.UNAVAILABLE


def test_what_will_never_work_is_raised_as_it_was_said() -> None:
    with pytest.raises(Cannot, match="no such task") as caught:
        raise_failure(Failed(call=1, code=Code.NOT_FOUND, message="no such task", hint="list"))

    assert (caught.value.exits, caught.value.code, caught.value.hint) == (
        Exit.NOT_FOUND,
        "not-found",
        "list",
    )
