"""How a session is entered: who we are, the one that was remembered or a new one, and its mode."""

from typing import Final

from acp import AGENT_METHODS, PROTOCOL_VERSION, RequestError
from acp import schema as sc
from acp.core import Connection
from acp.utils import request_model, request_model_from_dict
from msgspec import Struct

import pmrunnerd

# In which a use of a tool is asked about; some begin in one in which a model decides on that.
_MODE: Final = "default"
# Files and terminals are not offered: the program has those of its cell.
_OFFERS: Final = sc.ClientCapabilities(
    elicitation=sc.ElicitationCapabilities(form=sc.ElicitationFormCapabilities())
)


class Foreign(Exception):
    """What was said is not of the protocol; the text begins with a verb."""


class Entered(Struct, frozen=True):
    """A session by its agent's name for it, and whether it is the one that was remembered."""

    name: str
    loaded: bool


async def enter(connection: Connection, workspace: str, remembered: str) -> Entered:
    """Enter a session. Raises ConnectionError, RequestError, ValidationError, Foreign."""
    known = await request_model(
        connection,
        AGENT_METHODS["initialize"],
        sc.InitializeRequest(
            protocol_version=PROTOCOL_VERSION,
            client_capabilities=_OFFERS,
            client_info=sc.Implementation(name="pm-runner", version=pmrunnerd.__version__),
        ),
        sc.InitializeResponse,
    )
    if known.protocol_version != PROTOCOL_VERSION:
        raise Foreign(f"speaks version {known.protocol_version} of the protocol")
    name, modes = remembered, None
    loads = known.agent_capabilities is not None and known.agent_capabilities.load_session
    loaded = await _load(connection, workspace, remembered) if loads and remembered else None
    if loaded is not None:
        modes = loaded.modes
    else:
        begun = await request_model(
            connection,
            AGENT_METHODS["session_new"],
            sc.NewSessionRequest(cwd=workspace, mcp_servers=[]),
            sc.NewSessionResponse,
        )
        name, modes = begun.session_id, begun.modes
    if modes is not None:
        await _ask_first(connection, name, modes)
    return Entered(name, loaded=loaded is not None)


async def _load(connection: Connection, workspace: str, name: str) -> sc.LoadSessionResponse | None:
    """Load a session; None where it is not there any more, or cannot be."""
    try:
        return await request_model_from_dict(
            connection,
            AGENT_METHODS["session_load"],
            sc.LoadSessionRequest(cwd=workspace, mcp_servers=[], session_id=name),
            sc.LoadSessionResponse,
        )
    except RequestError:
        return None


async def _ask_first(connection: Connection, name: str, modes: sc.SessionModeState) -> None:
    available = {mode.id for mode in modes.available_modes}
    if _MODE in available and modes.current_mode_id != _MODE:
        await request_model_from_dict(
            connection,
            AGENT_METHODS["session_set_mode"],
            sc.SetSessionModeRequest(session_id=name, mode_id=_MODE),
            sc.SetSessionModeResponse,
        )
