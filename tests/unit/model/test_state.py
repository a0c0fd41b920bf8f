import pytest

from pmrunnerd.model.errors import NotFound
from pmrunnerd.model.state import State


@pytest.mark.parametrize("what", ["project", "plan", "task", "run", "question"])
def test_what_is_not_there_is_said_by_name_with_where_to_look(what: str) -> None:
    with pytest.raises(NotFound, match=f"cannot find {what} x9") as missing:
        getattr(State(), what)("x9")
    assert missing.value.hint
