"""Spares a run host the import of `mcp`, which is most of what the SDK's import costs.

The SDK needs it for tools that live in the caller's own process. There are none here, so what it
names of it at import are placeholders, which nothing ever looks into.
"""

import sys
from types import ModuleType
from typing import Any, Final

_NAMES: Final = (
    *("mcp", "mcp.types", "mcp.server", "mcp.shared"),
    *("mcp.shared.message", "mcp.shared.memory"),
)


class _Placeholder:
    def __init_subclass__(cls, **_: object) -> None:
        """Take whatever options a subclass is made with."""


class _Absent(ModuleType):
    __path__: list[str] = []  # noqa: RUF012 - what makes it a package

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (_Placeholder,), {})


def without_mcp() -> None:
    """Have the SDK, if it is not imported yet, be imported without `mcp`."""
    if "claude_agent_sdk" in sys.modules or "mcp" in sys.modules:
        return
    for name in _NAMES:
        module = _Absent(name)
        above, _, own = name.rpartition(".")
        if above:
            setattr(sys.modules[above], own, module)
        sys.modules[name] = module
