"""What of the CLI's messages is a limit of the provider."""

from datetime import UTC, datetime
from typing import Any

import pytest
from claude_agent_sdk import Message, RateLimitEvent, RateLimitInfo, ResultMessage, SystemMessage

from pmrunnerd.model.progress import Limited
from pmrunnerd.services.agents.claude import provider
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


NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def limit(message: Message, named: str = "") -> Limited | None:
    return provider.limit(message, named, NOW)


def said(message: Message, named: str = "") -> Limited:
    """Return the limit of a message that tells of one."""
    found = limit(message, named)
    assert found is not None
    return found


@pytest.mark.parametrize(
    "message",
    [
        ended(None),
        ended(400),
        ended(400, why="api_error"),
        ended(None, why="max_turns"),
        ended(None, is_error=False, why="api_error"),
        ended(404, why="api_error"),
        ended(429, is_error=False),
        retry(error_status=529, error="overloaded"),
        retry(error_status=429, error="rate_limit", retry_delay_ms=20_000),
        retry(error_status=429, error="rate_limit", retry_delay_ms="long"),
        retry(error_status=400, error="unknown", more="authentication_failed"),
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


@pytest.mark.parametrize("status", [401, 403, 407])
def test_who_refuses_us_in_no_words_of_the_api_gives_no_verdict_on_the_login(status: int) -> None:
    found = said(ended(status))

    assert found.kind == "way"
    assert f"a proxy, refuses us ({status}): see agent.env" in found.reason


@pytest.mark.parametrize(
    ("status", "named"), [(402, "billing_error"), (402, ""), (400, "billing_error")]
)
def test_an_account_without_credit_is_told_with_what_to_do(status: int, named: str) -> None:
    found = said(ended(status), named)

    assert (found.kind, found.until) == ("balance", "")
    assert f"no credit left ({status}): top it up" in found.reason


@pytest.mark.parametrize(
    ("status", "named", "kind"),
    [
        (401, "authentication_error", "login"),
        (403, "permission_error", "login"),
        (429, "", "rate"),
        *((status, "", "overload") for status in (408, 409, 500, 502, 503, 504, 529)),
        *((status, "", "overload") for status in (520, 521, 522, 523, 524, 530)),
    ],
)
def test_an_end_by_the_provider_is_told_by_its_status(status: int, named: str, kind: str) -> None:
    found = said(ended(status), named)

    assert found.kind == kind
    assert str(status) in found.reason


@pytest.mark.parametrize(
    ("status", "kind"), [(429, "rate"), (529, "overload"), (524, "overload"), (None, "overload")]
)
def test_a_long_wait_is_a_limit_until_then(status: int | None, kind: str) -> None:
    found = said(retry(error_status=status, error="x", retry_delay_ms=53_669))

    assert (found.kind, found.until) == (kind, "2026-01-01T12:00:53.669000+00:00")


def test_after_its_retries_it_is_to_wait_no_more() -> None:
    again = {"error_status": 529, "error": "overloaded", "retry_delay_ms": 2486, "max_retries": 2}

    assert limit(retry(attempt=2, **again)) is None
    assert (said(retry(attempt=3, **again)).kind, said(retry(attempt=3, **again)).until) == (
        "overload",
        "",
    )


def test_a_wait_for_ever_is_a_limit_without_a_time() -> None:
    found = said(retry(error_status=429, error="rate_limit", retry_delay_ms=10**30))

    assert (found.kind, found.until) == ("rate", "")


def test_what_the_sdk_does_not_hand_on_is_read_from_what_the_cli_said() -> None:
    refusals = provider.Refusals()
    refusals.hear({"type": "assistant", "error": "authentication_failed"})
    refusals.hear({"type": "result", "api_error_status": 403, "api_error_type": "permission_error"})
    assert refusals.named == "permission_error"
    refusals.hear({"type": "assistant", "error": "billing_error"})
    refusals.hear({"type": "result", "api_error_type": "invalid_request_error"})
    assert refusals.named == "billing_error"
    refusals.hear({"type": "assistant", "message": {}})
    refusals.hear({"type": "result", "api_error_status": 403})
    assert refusals.named == ""


def test_a_provider_that_breaks_off_says_no_status() -> None:
    found = limit(ended(None, why="api_error"))

    assert found is not None
    assert (found.kind, "breaks off" in found.reason) == ("overload", True)


def test_a_rejection_tells_when_it_ends() -> None:
    found = limit(event("rejected", 1_795_686_989))

    assert found is not None
    assert (found.kind, found.until) == ("rate", "2026-11-26T09:56:29+00:00")


@pytest.mark.parametrize("resets", [None, 1_795_686_989_000, 10**30, -(10**18), "noon", 1.5])
def test_a_rejection_until_no_time_that_can_be_leaves_it_to_what_comes_next(resets: Any) -> None:
    assert limit(event("rejected", resets)) is None


def test_the_stream_of_the_real_cli_is_limited_by_its_last_message_alone() -> None:
    found = [limit(message) for message in recorded("rate_limit")]

    assert [one is not None for one in found] == [False] * (len(found) - 1) + [True]
