"""Turns back the pages of a conversation, a few commits at a time."""

from typing import Final

from pmrunnerd.api.conversation import entries
from pmrunnerd.model import views as v
from pmrunnerd.store.store import Store

# Commits read at once: one may hold a message of a megabyte.
CHUNK: Final = 16
# Characters after which a page ends, whatever its limit says: it has to fit into a frame.
PAGE: Final = 1 << 20


def page(
    store: Store, project: str, before: int | None, limit: int, *, unconfined: bool = False
) -> v.Conversation:
    """Return the latest entries before a commit. Commits are never torn apart over two pages.

    `unconfined` says that nothing confines the runs that are to come.
    """
    found: list[v.Entry] = []
    size = 0
    while batches := store.conversation(project, before, CHUNK):
        for batch in reversed(batches):
            more = entries(store.state, project, batch, unconfined=unconfined)
            weight = sum(len(entry.text) for entry in more)
            if found and (len(found) + len(more) > limit or size + weight > PAGE):
                return v.Conversation(project=project, entries=tuple(found[::-1]), before=before)
            found += reversed(more)
            size += weight
            before = batch.seq
    return v.Conversation(project=project, entries=tuple(found[::-1]), before=None)
