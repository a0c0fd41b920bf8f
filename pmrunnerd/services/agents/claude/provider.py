"""What of Claude Code's messages says that the provider takes no more for now. Pure."""

from datetime import UTC, datetime
from typing import Any, Final

from claude_agent_sdk import Message, RateLimitEvent, ResultMessage, SystemMessage

from pmrunnerd.model.progress import Limited

_KNOWN: Final = {
    401: ("login", "the provider does not accept the login (401)"),
    403: ("login", "the provider refuses us (403)"),
    429: ("rate", "the provider's limit is reached (429)"),
    500: ("overload", "the provider is in trouble (500)"),
    502: ("overload", "the provider is in trouble (502)"),
    503: ("overload", "the provider is in trouble (503)"),
    504: ("overload", "the provider is in trouble (504)"),
    529: ("overload", "the provider is overloaded (529)"),
}
_UNKNOWN_US: Final = "authentication_failed"
_BROKE_OFF: Final = "the provider does not answer, or breaks off"


def limit(message: Message) -> Limited | None:
    """Return the limit that a message tells of; None where it tells of none."""
    match message:
        case SystemMessage(subtype="api_retry", data=data) if _UNKNOWN_US in str(data):
            return _limited(401)
        case RateLimitEvent(rate_limit_info=info) if info.status == "rejected":
            return _limited(429, info.resets_at)
        case ResultMessage(is_error=True, api_error_status=int() as status) if status in _KNOWN:
            return _limited(status)
        case ResultMessage(is_error=True, api_error_status=None, terminal_reason="api_error"):
            return Limited(at="", kind="overload", reason=_BROKE_OFF)
    return None


def _limited(status: int, resets: Any = None) -> Limited:
    kind, reason = _KNOWN[status]
    return Limited(at="", kind=kind, reason=reason, until=_time(resets))


def _time(resets: Any) -> str:
    """Return when a limit ends; empty where that is said in no way that we know."""
    try:
        return datetime.fromtimestamp(resets, UTC).isoformat() if isinstance(resets, int) else ""
    except (ValueError, OverflowError, OSError):
        return ""
