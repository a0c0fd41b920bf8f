"""The log of a gate as it is followed: page after page, until what wrote it is over."""

import asyncio
import codecs
import contextlib
from collections.abc import AsyncGenerator
from typing import Final

from pmrunnerd.api.desk import Desk
from pmrunnerd.model import protocol as p
from pmrunnerd.model import views as v
from pmrunnerd.model.errors import NotFound
from pmrunnerd.model.gates import Gating

# A log that grows tells nobody.
TICK: Final = 0.25


def gate_log(desk: Desk, request: p.GateLog) -> AsyncGenerator[tuple[v.LogPiece], None]:
    """Tell what a gate printed. Raises NotFound before anything is sent, where there is nothing to tell."""
    gating = desk.store.state.gating(request.run)
    if gating.record is None and not request.follow and not gating.state.has_ended:
        raise NotFound(
            f"{_cannot(gating, request.gate)}: it is {gating.state}",
            hint=f"pmrunnerctl gate log {gating.id} {request.gate} -f".replace("  ", " "),
        )
    _check(gating, request.gate)
    return _follow(desk, request, gating.id)


async def _follow(
    desk: Desk, request: p.GateLog, identifier: str
) -> AsyncGenerator[tuple[v.LogPiece], None]:
    cursor, gate = request.cursor, request.gate
    while True:
        # In this order: once the end is recorded, everything that will ever be written is there.
        mark, gating = desk.store.durable, desk.store.state.gating(identifier)
        over = _check(gating, gate)
        page: bytes | None = None
        if gating.record is not None:
            page = await asyncio.to_thread(desk.gate_logs.read, gating.record, gate, cursor)
        if page is None and over:
            raise NotFound(_gone(gating, gate), hint=f"pmrunnerctl gate show {gating.id}")
        text, taken = _read(page or b"", last=over)
        if taken:
            cursor += taken
            yield (v.LogPiece(cursor=cursor, text=text),)
            continue
        if over or not request.follow:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(TICK):
                await desk.store.changed(mark)


def _read(page: bytes, *, last: bool) -> tuple[str, int]:
    """Return the text of a page, and of how many bytes: half a character at its end may be on its way."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    text = decoder.decode(page)
    left = len(decoder.getstate()[0])
    if left and (last and left == len(page)):
        return decoder.decode(b"", final=True), len(page)
    return text, len(page) - left


def _check(gating: Gating, gate: str) -> bool:
    """Tell whether what writes the log is over. Raises NotFound where nothing ever does."""
    record, cannot = gating.record, _cannot(gating, gate)
    hint = f"pmrunnerctl gate show {gating.id}"
    if record is None:
        if gating.state.has_ended:
            why = (gating.reason or str(gating.state)).partition("\n")[0]
            raise NotFound(f"{cannot}: no gate of it was tried: {why}", hint=hint)
        return False
    if not gate:
        return gating.state.has_ended or bool(record.results or gating.under_way)
    if gate not in record.wanted:
        raise NotFound(f"{cannot}: it has {', '.join(record.wanted) or 'no gates'}", hint=hint)
    result = next((one for one in record.results if one.gate == gate), None)
    if result is None:
        if gating.state.has_ended:
            raise NotFound(f"{cannot}: it was not tried: {gating.state}", hint=hint)
        return False
    if result.answered_by:
        earlier = f"pmrunnerctl gate log {result.answered_by} {gate}"
        raise NotFound(f"{cannot}: {result.answered_by} answered for it", hint=earlier)
    if result.signed_by:
        raise NotFound(f"{cannot}: {result.signed_by} tried it elsewhere", hint=hint)
    return True


def _cannot(gating: Gating, gate: str) -> str:
    what = f"gate {gate}" if gate else "what prepared the gates"
    return f"cannot show the log of {what} of gate run {gating.id}"


def _gone(gating: Gating, gate: str) -> str:
    cannot = _cannot(gating, gate)
    if not gate:
        return f"{cannot}: nothing was to be prepared, or its log was let go"
    assert gating.record is not None, "a log is that of a record"
    result = next(one for one in gating.record.results if one.gate == gate)
    if not result.log:
        return f"{cannot}: it was not tried: {result.why or result.verdict}"
    return f"{cannot}: it was let go"
