"""A conversation comes to a verdict, whatever the other side says."""

import asyncio
import contextlib
from pathlib import Path
from typing import Any

import pytest
from acp import RequestError

from pmrunnerd.model import brief
from pmrunnerd.model import progress as pr
from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.questions import Kind
from pmrunnerd.services.agents.acp import talk as talking
from pmrunnerd.services.agents.acp.entry import Foreign
from pmrunnerd.services.agents.acp.permissions import Permissions
from pmrunnerd.services.agents.acp.talk import Talk
from pmrunnerd.services.agents.protocol import Job, Verdict
from tests.unit.services.agents.acp.parts import Said, Teller, message, update
from tests.unit.services.agents.parts import Heard, session_spec
from tests.unit.services.parts import head, repository, unconfined

DONE = {"stopReason": "end_turn"}
CALL = {"toolCallId": "c1", "kind": "execute", "title": "ls"}
OPTIONS = [{"optionId": "yes", "kind": "allow_once", "name": "Allow"}]
PERMISSION = {"toolCall": CALL, "options": OPTIONS}
FORM = {"mode": "form", "message": "Which?", "requestedSchema": {"properties": {"q": {}}}}


def asks(method: str, params: Any, number: int = 7) -> Said:
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


def on_prompt(*said: Said) -> Any:
    """Say this when a prompt comes."""
    return lambda heard: list(said) if heard.get("method") == "session/prompt" else []


class Full(Heard):
    """A disk that is full."""

    def tell(self, progress: pr.AnyProgress) -> None:
        raise OSError(28, "No space left on device")


class Talked:
    """One conversation, to its end."""

    def __init__(
        self, tmp_path: Path, teller: Teller, heard: Heard | None = None, **more: Any
    ) -> None:
        workspace = repository(tmp_path / "workspace")
        self.job = Job(
            spec=session_spec(workspace=str(workspace), **more),
            cell=unconfined(workspace),
            directory=tmp_path,
            environment={},
            head=head(workspace),
        )
        self.heard = heard or Heard()
        self.teller = teller
        self.remembered: list[str] = []
        self.verdict = asyncio.run(self._talk())

    async def _talk(self) -> Verdict:
        permissions = Permissions([], self.job.spec.workspace)
        talk = Talk(self.job, self.heard, self.teller, permissions)
        try:
            async with asyncio.timeout(180):
                return await talk.through(
                    "s0", self.remembered.append, lambda loaded: f"do it, {loaded}"
                )
        finally:
            await talk.end()

    def every(self, kind: type[Any]) -> list[Any]:
        return [one for one in self.heard.told if isinstance(one, kind)]

    def prompts(self) -> list[str]:
        heard = [o for o in self.teller.heard if o.get("method") == "session/prompt"]
        return [one["params"]["prompt"][0]["text"] for one in heard]


def test_a_disk_that_is_full_is_told_as_that(tmp_path: Path) -> None:
    said = on_prompt(message("a"), update("tool_call", toolCallId="c1", title="ls"))

    with pytest.raises(OSError, match="No space left"):
        Talked(tmp_path, Teller(said), Full())


def test_one_that_is_gone_in_the_middle_is_no_result(tmp_path: Path) -> None:
    with pytest.raises(ConnectionError):
        Talked(tmp_path, Teller(lambda h: [None] if "prompt" in h.get("method", "") else []))  # type: ignore[list-item]


@pytest.mark.parametrize("prompt", [DONE, {"code": -32603, "message": "Internal error"}])
def test_whatever_it_comes_to_nothing_of_the_other_side_is_left(
    tmp_path: Path, prompt: Any
) -> None:
    teller = Teller(on_prompt(message("Done.")), session_prompt=prompt)
    with contextlib.suppress(RequestError):
        Talked(tmp_path, teller)

    assert teller.is_closed


def test_words_of_a_turn_before_are_no_result_of_this_one(tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"

    def says(heard: Said) -> list[Said]:
        if heard.get("method") != "session/prompt" or (workspace / "a").exists():
            return []
        (workspace / "a").write_text("TODO\n")
        return [message("Wrote a.")]

    with pytest.raises(Foreign, match="ended without a word"):
        Talked(tmp_path, Teller(says, session_prompt=DONE))


@pytest.mark.parametrize("reason", ["refusal", "max_tokens", "max_turn_requests", "cancelled"])
def test_an_end_for_another_reason_is_no_result_whatever_was_said(
    tmp_path: Path, reason: str
) -> None:
    with pytest.raises(Foreign):
        Talked(tmp_path, Teller(on_prompt(message("a")), session_prompt={"stopReason": reason}))


def test_an_error_of_the_agent_is_told(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="Internal error"):
        Talked(tmp_path, Teller(session_prompt={"code": -32603, "message": "Internal error"}))


@pytest.mark.parametrize("answer", [DONE, {"code": -32603, "message": "aborted"}, None])
def test_what_needs_a_permission_has_it_leave_off_and_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: Any
) -> None:
    monkeypatch.setattr(talking, "_PATIENCE", 0.1)
    said = on_prompt(message("I will."), asks("session/request_permission", PERMISSION))

    talked = Talked(tmp_path, Teller(said, session_prompt=[] if answer is None else [answer]))
    assert talked.verdict.outcome is Outcome.ASKED
    told = [pr.Told] if answer == DONE else []
    assert [type(one) for one in talked.heard.told] == [pr.Said, *told, pr.Asked]
    (asked,) = talked.every(pr.Asked)
    assert asked.text.startswith("May it use execute on ls?\n")
    assert asked.kind is Kind.PERMISSION


def test_it_is_told_to_leave_off_before_it_is_told_of_no_decision(tmp_path: Path) -> None:
    two = [asks("session/request_permission", PERMISSION, number) for number in (7, 8)]

    def says(heard: Said) -> list[Said]:
        if heard.get("method") == "session/prompt":
            return two
        # Only when both are answered does the turn end, as the protocol has it.
        over = {"jsonrpc": "2.0", "id": 3, "result": {"stopReason": "cancelled"}}
        return [over] if heard.get("id") == 8 else []

    talked = Talked(tmp_path, Teller(says))
    after = talked.teller.heard[4:]
    assert [one.get("method", one.get("id")) for one in after] == ["session/cancel", 7, 8]
    assert after[1]["result"] == {"outcome": {"outcome": "cancelled"}}
    assert len(talked.every(pr.Asked)) == 1


def test_a_form_is_a_question_and_one_that_asks_nothing_is_declined(tmp_path: Path) -> None:
    empty = asks("elicitation/create", {"mode": "url"}, 6)
    said = on_prompt(empty, asks("elicitation/create", FORM))

    talked = Talked(tmp_path, Teller(said, session_prompt=[{"stopReason": "cancelled"}]))
    assert talked.every(pr.Asked) == [pr.Asked(at="", text="Which?")]
    answers = {one["id"]: one["result"] for one in talked.teller.heard if "result" in one}
    assert answers[6] == {"action": "decline"}


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("fs/read_text_file", {}, -32601),
        ("terminal/create", None, -32601),
        ("session/request_permission", {"options": []}, -32602),
    ],
)
def test_what_is_not_offered_is_refused(
    tmp_path: Path, method: str, params: Any, code: int
) -> None:
    said = on_prompt(asks(method, params), message("Done."))
    talked = Talked(tmp_path, Teller(said, session_prompt=DONE))

    (refused,) = [one["error"] for one in talked.teller.heard if "error" in one]
    assert refused["code"] == code
    assert talked.verdict.outcome is Outcome.SUCCEEDED


def test_what_was_said_while_a_session_was_loaded_is_not_told(tmp_path: Path) -> None:
    def says(heard: Said) -> list[Said]:
        return [message(f"at {heard['method']}")] if "session" in heard.get("method", "") else []

    talked = Talked(tmp_path, Teller(says, session_load={}, session_prompt=DONE))
    assert [one.text for one in talked.every(pr.Said)] == ["at session/prompt"]
    assert (talked.remembered, talked.prompts()) == (["s0"], ["do it, True"])


def test_the_last_message_is_the_result(tmp_path: Path) -> None:
    said = on_prompt(message("Let me see."), update("tool_call", title="ls"), message(" Done.\n"))
    talked = Talked(tmp_path, Teller(said, session_prompt=DONE))

    assert talked.verdict.outcome is Outcome.SUCCEEDED
    assert talked.every(pr.Concluded) == [pr.Concluded(at="", text="Done.")]
    assert talked.prompts() == ["do it, False"]


def test_a_result_of_megabytes_is_cut(tmp_path: Path) -> None:
    said = on_prompt(message("x" * 500_000))
    talked = Talked(tmp_path, Teller(said, session_prompt=DONE))

    (concluded,) = talked.every(pr.Concluded)
    assert len(concluded.text.encode()) <= brief.RESULT
    assert "".join(one.text for one in talked.every(pr.Said)) == "x" * 500_000


def used(kind: str = "tool_call_update") -> Said:
    return update(kind, toolCallId="c1", title="ls", status="completed")


def test_a_session_is_told_once_something_followed_what_a_model_answered(tmp_path: Path) -> None:
    said = on_prompt(message("I see."), used("tool_call"), used(), message("Done."))
    talked = Talked(tmp_path, Teller(said, session_prompt=DONE))

    kinds = [type(one) for one in talked.heard.told]
    assert kinds == [pr.Said, pr.Used, pr.Told, pr.Used, pr.Said, pr.Concluded]


def test_a_session_whose_model_gave_no_word_or_refused_is_told_nothing(tmp_path: Path) -> None:
    heard = Heard()
    silent = Teller(session_prompt={"code": -32603, "message": "overloaded"})
    with pytest.raises(RequestError):
        Talked(tmp_path / "a", silent, heard)
    refused = Teller(on_prompt(message("No.")), session_prompt={"stopReason": "refusal"})
    with pytest.raises(Foreign):
        Talked(tmp_path / "b", refused, heard)

    assert [one for one in heard.told if isinstance(one, pr.Told)] == []
