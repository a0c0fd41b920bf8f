from typing import Any

import msgspec
import pytest

from pmrunnerd.api.wording import wording
from pmrunnerd.model import frames as f
from pmrunnerd.model import protocol as p

SEND: dict[str, Any] = {"command": "chat send", "project": "a", "text": "x"}


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (SEND | {"text": ""}, "text is empty"),
        (SEND | {"text": "x" * (p.MESSAGE_LIMIT + 1)}, "text is longer than 1,048,576 characters"),
        ({"command": "chat send", "project": "a"}, "text is missing"),
        (SEND | {"text": 7}, "text is a whole number and should be text"),
        (SEND | {"text": b"caf\xe9"}, "text is bytes and should be text"),
        (SEND | {"colour": "red"}, "there is no colour"),
        ({"command": "task list", "limit": 0}, "limit is less than 1"),
        ({"command": "task list", "limit": 9999}, "limit is more than 1000"),
        ({"command": "task list", "before": "zzz"}, "before is no identifier, such as t12 or r12"),
        ({"command": "task list", "project": 7}, "project is a whole number and should be text"),
        (
            {"command": "project set", "project": "a", "planApproval": "maybe"},
            "planApproval cannot be 'maybe'",
        ),
        ({"command": "stop", "keepRuns": 1}, "keepRuns is a whole number and should be true or fa"),
        ([], "it is a list"),
    ],
)
def test_what_is_wrong_with_a_request_is_said_in_people_s_words(request_: Any, words: str) -> None:
    with pytest.raises(msgspec.ValidationError) as wrong:
        f.requests.decode(msgspec.msgpack.encode(request_))
    assert wording(wrong.value).startswith(words)
    assert "`" not in wording(wrong.value)


def test_what_nobody_thought_of_is_said_as_the_decoder_says_it() -> None:
    assert wording(ValueError("something `odd`")) == "something `odd`"
