"""What of the CLI's messages is a limit of the provider."""

from typing import Any

import pytest
from claude_agent_sdk import RateLimitEvent, RateLimitInfo, ResultMessage, SystemMessage

from pmrunnerd.model.progress import Limited
from pmrunnerd.services.agents.claude.provider import limit
from tests.unit.services.agents.claude.parts import recorded


def ended(status: int | None, *, is_error: bool = True, why: str | None = None) -> ResultMessage:
    return ResultMessage(
        subtype="success",
        duration_ms=1,
        duration_api_ms=1,
        is_error=is_error,
        num_turns=1,
        session_id="s",
        api_error_status=status,
        terminal_reason=why,
    )


def retry(**data: Any) -> SystemMessage:
    return SystemMessage(subtype="api_retry", data={"subtype": "api_retry", **data})


def event(status: Any, resets: int | None = None) -> RateLimitEvent:
    info = RateLimitInfo(status=status, resets_at=resets)
    return RateLimitEvent(rate_limit_info=info, uuid="u", session_id="s")


@pytest.mark.parametrize(
    "message",
    [
        ended(None),
        ended(400),
        ended(400, why="api_error"),
        ended(None, why="max_turns"),
        ended(None, is_error=False, why="api_error"),
        ended(429, is_error=False),
        retry(error_status=529, error="overloaded"),
        event("allowed"),
        event("allowed_warning", 1),
    ],
)
def test_what_passes_or_is_no_limit_is_none(message: Any) -> None:
    assert limit(message) is None


def test_the_first_word_that_we_are_not_known_is_enough() -> None:
    found = limit(retry(error_status=401, error="authentication_failed"))

    assert found == Limited(
        at="", kind="login", reason="the provider does not accept the login (401)"
    )


@pytest.mark.parametrize(
    ("status", "kind"), [(401, "login"), (403, "login"), (429, "rate"), (529, "overload")]
)
def test_an_end_by_the_provider_is_told_by_its_status(status: int, kind: str) -> None:
    found = limit(ended(status))

    assert found is not None
    assert found.kind == kind
    assert str(status) in found.reason


def test_a_provider_that_breaks_off_says_no_status() -> None:
    found = limit(ended(None, why="api_error"))

    assert found is not None
    assert (found.kind, "breaks off" in found.reason) == ("overload", True)


def test_a_rejection_tells_when_it_ends() -> None:
    found = limit(event("rejected", 1_795_686_989))

    assert found is not None
    assert (found.kind, found.until) == ("rate", "2026-11-26T09:56:29+00:00")
    unknown = limit(event("rejected"))
    assert unknown is not None
    assert unknown.until == ""


@pytest.mark.parametrize("resets", [1_795_686_989_000, 10**30, -(10**18), "noon", 1.5])
def test_a_rejection_until_a_time_that_cannot_be_is_one_without(resets: Any) -> None:
    found = limit(event("rejected", resets))

    assert found is not None
    assert (found.kind, found.until) == ("rate", "")


def test_the_stream_of_the_real_cli_is_limited_by_its_last_message_alone() -> None:
    found = [limit(message) for message in recorded("rate_limit")]

    assert [one is not None for one in found] == [False] * (len(found) - 1) + [True]
