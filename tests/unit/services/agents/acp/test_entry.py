"""How a session is entered."""

import asyncio
from typing import Any

import pytest
from acp import RequestError
from acp.core import Connection
from pydantic import ValidationError

from pmrunnerd.services.agents.acp.entry import Entered, Foreign, enter
from pmrunnerd.services.agents.acp.transport import CellTransport
from tests.unit.services.agents.acp.parts import INITIALIZED, NEW, Teller

MODES = {
    "currentModeId": "auto",
    "availableModes": [{"id": name, "name": name} for name in ("auto", "default")],
}


def entered(teller: Teller, remembered: str = "") -> Entered:
    async def enters() -> Entered:
        async def nothing(*_: Any) -> None:
            return None

        connection = Connection(nothing, CellTransport(teller, lambda _: None))
        try:
            async with asyncio.timeout(180):
                return await enter(connection, "/srv/project", remembered)
        finally:
            await connection.close()

    return asyncio.run(enters())


def test_another_version_of_the_protocol_is_not_spoken() -> None:
    with pytest.raises(Foreign, match="speaks version 2 of the protocol"):
        entered(Teller(initialize={"protocolVersion": 2}))


def test_an_answer_that_is_not_of_the_protocol_is_told() -> None:
    with pytest.raises(ValidationError):
        entered(Teller(session_new={"session": "s1"}))


def test_one_that_begins_nothing_says_why() -> None:
    refused = {"code": -32000, "message": "Authentication required"}

    with pytest.raises(RequestError, match="Authentication required"):
        entered(Teller(session_new=refused), "s0")


def test_a_session_that_was_remembered_is_loaded() -> None:
    teller = Teller(session_load={})

    assert entered(teller, "s0") == Entered("s0", loaded=True)
    assert teller.methods() == ["initialize", "session/load"]
    assert teller.heard[1]["params"] == {
        "cwd": "/srv/project",
        "mcpServers": [],
        "sessionId": "s0",
    }


@pytest.mark.parametrize(
    ("more", "methods"),
    [
        ({"initialize": {"protocolVersion": 1}}, ["initialize", "session/new"]),
        (
            {},
            ["initialize", "session/load", "session/new"],
        ),
    ],
)
def test_where_it_cannot_be_loaded_a_new_one_is_begun(
    more: dict[str, Any], methods: list[str]
) -> None:
    teller = Teller(**more)

    assert entered(teller, "s0") == Entered("s1", loaded=False)
    assert teller.methods() == methods


def test_forms_are_offered_and_neither_files_nor_terminals() -> None:
    teller = Teller()
    entered(teller)

    (offers,) = [one["params"]["clientCapabilities"] for one in teller.heard[:1]]
    assert offers == {"auth": {}, "elicitation": {"form": {}}}


@pytest.mark.parametrize("loads", [True, False])
def test_a_session_is_put_into_the_mode_that_asks(*, loads: bool) -> None:
    more: dict[str, Any] = {"session_new": {**NEW, "modes": MODES}, "session_set_mode": {}}
    teller = Teller(initialize=INITIALIZED, session_load={"modes": MODES}, **more)
    entered(teller, "s0" if loads else "")

    assert teller.heard[-1]["params"] == {"sessionId": "s0" if loads else "s1", "modeId": "default"}


def test_a_session_without_that_mode_or_in_it_stays_as_it_is() -> None:
    for modes in (MODES | {"currentModeId": "default"}, MODES | {"availableModes": []}):
        teller = Teller(session_new={**NEW, "modes": modes})
        entered(teller)

        assert "session/set_mode" not in teller.methods()
