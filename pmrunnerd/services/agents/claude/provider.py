"""What of Claude Code's messages says that the provider takes no more for now. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from claude_agent_sdk import Message, RateLimitEvent, ResultMessage, SystemMessage

from pmrunnerd.model.progress import Limited

# Milliseconds that the CLI may wait by itself: a task that is queued waits better.
_LONGEST: Final = 20_000
_UNKNOWN_US: Final = "authentication_failed"
_BILLING: Final = "billing_error"
_LOGINS: Final = {
    401: "the provider does not accept the login (401)",
    403: "the provider refuses us (403)",
}
_RATE: Final = 429
_OVERLOADED: Final = 529
_UNPAID: Final = 402
_PROXY: Final = 407
# A request that took too long, or met another one: of no verdict on what it asks.
_PASSING: Final = frozenset({408, 409})
_TROUBLE: Final = 500
_BROKE_OFF: Final = "the provider does not answer, or breaks off"


class Refusals:
    """What the CLI says of a refusal, and the SDK does not hand on. It is to hear all messages."""

    def __init__(self) -> None:
        self.named = ""
        self._error = ""

    def hear(self, message: Mapping[str, Any]) -> None:
        """Note how the API calls the error that ended a turn; empty where no API said it."""
        match message:
            case {"type": "assistant"}:
                self._error = str(message.get("error") or "")
            case {"type": "result"}:
                named = str(message.get("api_error_type") or "")
                self.named = _BILLING if self._error == _BILLING else named


def limit(message: Message, named: str, now: datetime) -> Limited | None:
    """Return the limit that a message tells of; None where it tells of none.

    `named` is how the provider's API calls the error that ended a turn.
    """
    match message:
        case SystemMessage(subtype="api_retry", data={"error": error}) if error == _UNKNOWN_US:
            return _limited("login", _LOGINS[401])
        case SystemMessage(subtype="api_retry", data=data):
            return _waiting(data, now)
        case RateLimitEvent(rate_limit_info=info) if info.status == "rejected":
            # Where it does not say until when, how long the CLI would wait is what comes next.
            until = _time(info.resets_at)
            return _refused(_RATE, "", until) if until else None
        case ResultMessage(is_error=True, api_error_status=int() as status):
            return _refused(status, named)
        case ResultMessage(is_error=True, api_error_status=None, terminal_reason="api_error"):
            return _limited("overload", _BROKE_OFF)
    return None


def _waiting(data: Mapping[str, Any], now: datetime) -> Limited | None:
    """Return the limit that the CLI would wait out; None where that is a short wait."""
    until = ""
    match data:
        case {"retry_delay_ms": int() as wait} if wait > _LONGEST:
            until = _later(now, wait)
        case {"attempt": int() as attempt, "max_retries": int() as most} if attempt > most:
            pass  # a limit and an overload it would wait out for ever
        case _:
            return None
    status = data.get("error_status")  # none where there was no connection
    found = _refused(status, "", until) if isinstance(status, int) else None
    return found or _limited("overload", _BROKE_OFF, until)


def _refused(status: int, named: str, until: str = "") -> Limited | None:
    found: Limited | None = None
    if status == _UNPAID or named == _BILLING:
        unpaid = f"the account with the provider has no credit left ({status}): top it up"
        found = _limited("balance", f"{unpaid}, or log in with another one")
    elif status == _PROXY or (status in _LOGINS and not named):
        between = f"something on the way to the provider, such as a proxy, refuses us ({status})"
        found = _limited("way", f"{between}: see agent.env")
    elif status in _LOGINS:
        found = _limited("login", _LOGINS[status])
    elif status == _RATE:
        found = _limited("rate", f"the provider's limit is reached ({status})", until)
    elif status == _OVERLOADED:
        found = _limited("overload", f"the provider is overloaded ({status})", until)
    elif status in _PASSING or status >= _TROUBLE:
        found = _limited("overload", f"the provider is in trouble ({status})", until)
    return found


def _limited(kind: str, reason: str, until: str = "") -> Limited:
    return Limited(at="", kind=kind, reason=reason, until=until)


def _later(now: datetime, wait: int) -> str:
    try:
        return (now + timedelta(milliseconds=wait)).isoformat()
    except OverflowError:
        return ""


def _time(resets: Any) -> str:
    """Return when a limit ends; empty where that is said in no way that we know."""
    try:
        return datetime.fromtimestamp(resets, UTC).isoformat() if isinstance(resets, int) else ""
    except (ValueError, OverflowError, OSError):
        return ""
