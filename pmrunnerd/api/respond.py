"""Answers one request: the same way for every door.

A change is decided and recorded in one breath, and answered once it is durable. The same request
identifier again gets the same answer, and never a second effect.
"""

import hashlib
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from pmrunnerd.api.access import Caller, require
from pmrunnerd.api.agents import AGENTS
from pmrunnerd.api.archives import ACTS
from pmrunnerd.api.changes import CHANGES, Context, Decision
from pmrunnerd.api.desk import Desk
from pmrunnerd.api.evidence import EVIDENCE
from pmrunnerd.api.feed import STREAMS, Stream
from pmrunnerd.api.names import in_full
from pmrunnerd.api.notices import NOTICES
from pmrunnerd.api.promotions import PROMOTES
from pmrunnerd.api.pruning import PRUNES
from pmrunnerd.api.reads import READS
from pmrunnerd.api.repeats import check_identifier, is_repeated
from pmrunnerd.api.upkeeping import UPKEEPS
from pmrunnerd.api.weaker import WEAKER
from pmrunnerd.model import protocol as p
from pmrunnerd.model.errors import (
    BadRequest,
    Code,
    NotFound,
    PmError,
    Refused,
    TooLarge,
    Unavailable,
)
from pmrunnerd.rules import checkout
from pmrunnerd.rules.decide import ELSEWHERE
from pmrunnerd.store.failures import StoreFailed

log = logging.getLogger(__name__)

# A request with its message. What repeats it, such as an event with a plan, has to fit in a frame.
REQUEST_LIMIT: Final = p.MESSAGE_LIMIT + (64 << 10)

# What takes its time, and is no change that `changes` decides.
WAITS: Final = {**ACTS, **PRUNES, **AGENTS, **UPKEEPS, **EVIDENCE, **NOTICES, **WEAKER, **PROMOTES}

# What makes more work, for which there must be room on the disk.
_NEW_WORK: Final = (p.ChatSend, p.ProjectAdd, p.GateRun, p.GatePrepare)

_encoder: Final = msgspec.msgpack.Encoder()

# What happens once a decision is durable.
_AFTER: Final[Mapping[type[p.Request[Any]], Callable[[Desk, Any], None]]] = {
    p.Stop: lambda desk, request: desk.stop(request.keep_runs),
}


class Refusal(Struct, frozen=True, kw_only=True):
    """An error as a caller is told of it."""

    code: Code
    message: str
    hint: str = ""
    retryable: bool = False


def explain(desk: Desk, asked: str, exc: Exception) -> Refusal:
    """Put an error in words; one that nobody expected is logged and is a bug."""
    if isinstance(exc, PmError):
        return Refusal(
            code=exc.code, message=str(exc), hint=exc.hint or "", retryable=exc.retryable
        )
    if isinstance(exc, OSError):
        # Too many open files, say: what was asked for is there, and can be read another time.
        why = (exc.strerror or str(exc)).lower()
        log.warning("cannot %s: %s", asked, why)
        return Refusal(
            code=Code.UNAVAILABLE,
            message=f"cannot do {asked}: {why}",
            hint="pmrunnerctl doctor",
            retryable=True,
        )
    log.error("cannot %s", asked, exc_info=exc)
    return Refusal(
        code=Code.INTERNAL,
        message=f"cannot do {asked}: this is a bug in pmrunnerd",
        hint=desk.log_hint,
    )


async def respond(desk: Desk, caller: Caller, request: p.Request[Any], identifier: str) -> Struct:
    """Answer a request that is no stream with its reply. Raises PmError."""
    command = p.BY_REQUEST[type(request)]
    if command.waits:
        return await act(desk, caller, request)
    if command.only_looks:
        return look(desk, caller, request)
    reply = await change(desk, caller, request, identifier)
    return msgspec.msgpack.decode(reply, type=command.reply)


def look(desk: Desk, caller: Caller, request: p.Request[Any]) -> Struct:
    """Answer a request that changes nothing."""
    require(caller, p.BY_REQUEST[type(request)])
    return READS[type(request)](desk, in_full(desk.store, request))


async def act(desk: Desk, caller: Caller, request: p.Request[Any]) -> Struct:
    """Answer a request that is waited for; the request itself is not recorded."""
    require(caller, p.BY_REQUEST[type(request)])
    return await WAITS[type(request)](desk, caller, request)


def stream(desk: Desk, caller: Caller, request: p.Request[Any]) -> Stream:
    """Return the stream that a request asks for."""
    require(caller, p.BY_REQUEST[type(request)])
    return STREAMS[type(request)](desk, in_full(desk.store, request))


async def change(desk: Desk, caller: Caller, request: p.Request[Any], identifier: str) -> bytes:
    """Do what a request asks, unless it was done before; return the reply as msgpack."""
    command = p.BY_REQUEST[type(request)]
    require(caller, command)
    check_identifier(command.name, identifier)
    request = in_full(desk.store, request)
    content = _encoder.encode((caller.uid, caller.name, request))
    if len(content) > REQUEST_LIMIT:
        raise TooLarge(f"cannot do {command.name}: it is larger than {REQUEST_LIMIT} bytes")
    digest = hashlib.blake2b(content, digest_size=16).hexdigest()
    if not is_repeated(desk, identifier, digest):
        _must_have_room(desk, request)
        if isinstance(request, p.ProjectAdd):
            request = await _gather(desk, request)
    # No await from here to the commit: what is looked at now is still so when it is recorded. The
    # same request may have come in while we gathered, so that is looked at here, too.
    if is_repeated(desk, identifier, digest):
        return await desk.store.reply(identifier)
    context = Context(
        by=caller.name,
        environment=desk.environment,
        state_directory=str(desk.state_directory),
        agents=desk.agents,
        gateless=desk.gateless(),
        installed=desk.installed,
    )
    decision = CHANGES[type(request)](desk.store.ahead, request, context)
    reply = _encoder.encode(decision.reply)
    try:
        await _record(desk, decision, identifier, digest, reply)
    except StoreFailed:
        raise
    except Unavailable:
        # A full disk must not keep us here. That it is remembered saves the next daemon a second
        # stop, and is worth less than this one.
        if not isinstance(request, p.Stop):
            raise
    if after := _AFTER.get(type(request)):
        after(desk, request)
    return reply


def _must_have_room(desk: Desk, request: p.Request[Any]) -> None:
    """Refuse new work on a full disk: the last of it is for what runs, for answers and a stop."""
    if isinstance(request, _NEW_WORK) and (full := desk.full()):
        raise Unavailable(
            f"cannot do {p.BY_REQUEST[type(request)].name}: {full}",
            hint=f"df -h {desk.state_directory}; df -i {desk.state_directory}",
        )


async def _record(
    desk: Desk, decision: Decision, identifier: str, digest: str, reply: bytes
) -> None:
    """Return once everything that the answer says is durable."""
    store = desk.store
    if decision.facts or decision.remember:
        await store.commit(*decision.facts, request=identifier, digest=digest, reply=reply)
        return
    # What made it so already may still be on its way to the disk, and be refused there.
    await store.commit()


async def _gather(desk: Desk, request: p.ProjectAdd) -> p.ProjectAdd:
    """Look at the directory of a new project before anything is decided."""
    if "\0" in request.path or not Path(request.path).is_absolute():
        raise BadRequest(f"cannot add {request.path!r}: it is no absolute path", hint=ELSEWHERE)
    found = await desk.inspect(Path(checkout.taken(request.path, request.project_type)))
    if found.problem:
        kind = NotFound if found.missing else Refused
        raise kind(f"cannot add {found.path}: {found.problem}", hint=found.hint or ELSEWHERE)
    return replace(request, path=found.path)
