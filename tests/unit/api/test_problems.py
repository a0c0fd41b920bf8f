import json
from http import HTTPStatus

import pytest

from pmrunnerd.api import problems
from pmrunnerd.api.respond import Refusal
from pmrunnerd.model.errors import Code


@pytest.mark.parametrize("code", list(Code))
def test_every_code_has_a_status_that_says_whose_fault_it_is(code: Code) -> None:
    status = problems.STATUS[code]
    assert status >= 400
    assert (status >= 500) == (code in {Code.INTERNAL, Code.UNAVAILABLE})


def test_a_problem_says_what_the_terminal_says() -> None:
    why = Refusal(code=Code.REFUSED, message="cannot x: y", hint="do z", retryable=True)
    assert json.loads(problems.encode(problems.problem(why))) == {
        "type": "about:blank",
        "title": "Conflict",
        "status": 409,
        "code": "refused",
        "detail": "cannot x: y",
        "hint": "do z",
        "retryable": True,
    }


def test_http_may_know_better() -> None:
    why = Refusal(code=Code.BAD_REQUEST, message="cannot x")
    assert problems.problem(why, HTTPStatus.METHOD_NOT_ALLOWED).status == 405
