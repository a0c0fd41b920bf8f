"""A state as one archive, out and in, by whoever may administer; none of it is a fact."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Any, Final

from msgspec import Struct

from pmrunnerd.api.access import Caller
from pmrunnerd.api.desk import Desk
from pmrunnerd.model import protocol as p
from pmrunnerd.model.upkeep import BackedUp, Piece, Restored, Uploaded
from pmrunnerd.store.backup import Origin, pack, step
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.swap import Undecided


async def state_backup(desk: Desk, _: p.StateBackup) -> AsyncGenerator[tuple[Piece], None]:
    """Send an archive; each piece is made in a thread, when there is room for it."""
    packing = pack(Disk(), desk.state_directory, _here(desk))
    cursor = 0
    # A follower that goes in the middle leaves `packing` to its thread; it ends with that.
    while isinstance(data := await asyncio.to_thread(step, packing), bytes):
        cursor += len(data)
        yield (Piece(cursor=cursor, data=data),)
    yield (Piece(cursor=cursor, backed_up=BackedUp.of(data)),)


async def state_upload(desk: Desk, caller: Caller, request: p.StateUpload) -> Uploaded:
    """Take in a piece of an archive."""
    size = await desk.uploads.take(
        desk.state_directory, caller.name, request.upload, request.offset, request.data
    )
    return Uploaded(size=size)


async def state_restore(desk: Desk, caller: Caller, request: p.StateRestore) -> Restored:
    """Look at an archive, record what is to be, and have the daemon come back on it."""
    del caller
    done = desk.store.restored
    if done is not None and done.upload == request.upload:
        return done.restored  # asked by somebody who lost the answer
    try:
        plan = await desk.uploads.restore(
            desk.state_directory, request.upload, _here(desk), force=request.force
        )
    except Undecided as undecided:
        # What is acknowledged from now on may be set aside by the next start.
        desk.store.fail(undecided)
        raise
    desk.reopen()
    return plan.restored


def _here(desk: Desk) -> Origin:
    return Origin(desk.now(), desk.release, desk.environment)


ACTS: Final[Mapping[type[p.Request[Any]], Callable[[Desk, Caller, Any], Awaitable[Struct]]]] = {
    p.StateUpload: state_upload,
    p.StateRestore: state_restore,
}
