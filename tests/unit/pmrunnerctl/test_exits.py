import re
from pathlib import Path

import pytest

from pmrunnerctl import exits
from pmrunnerctl.exits import BY_CODE, MEANINGS, Cannot, Exit
from pmrunnerd.model.errors import Code
from pmrunnerd.model.promotion import Ending

README = Path(exits.__file__).with_name("README.md")


@pytest.mark.parametrize("code", Code)
def test_every_code_has_an_exit_status_that_is_not_success(code: Code) -> None:
    assert BY_CODE[code] is not Exit.OK


def test_the_page_and_the_table_say_the_same() -> None:
    rows = re.findall(r"^\| (\d+) \| ([^|]+?) \|", README.read_text(), re.MULTILINE)

    assert {int(status): meaning for status, meaning in rows} == {
        int(status): meaning for status, meaning in MEANINGS.items()
    }
    assert MEANINGS.keys() == set(Exit)


def test_statuses_are_distinct_and_those_of_promotions_are_root_s() -> None:
    assert len({int(status) for status in Exit}) == len(Exit.__members__)
    promotions = {int(status) for status in Exit if 10 <= status <= 40}
    assert promotions == {int(status) for status in Ending} - {0}


def test_an_error_is_json_with_the_status_it_ends_with() -> None:
    error = Cannot("cannot x: y", exits=Exit.REFUSED, code=Code.CONFLICT, hint="do z")

    assert error.as_json() == {
        "code": "conflict",
        "message": "cannot x: y",
        "hint": "do z",
        "retryable": False,
        "exit": 4,
    }
