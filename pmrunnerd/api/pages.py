"""Turns back the pages of a conversation, a few commits at a time."""

from typing import Final

from pmrunnerd.api.conversation import entries
from pmrunnerd.model import events as ev
from pmrunnerd.model import views as v
from pmrunnerd.model.entities import Plan
from pmrunnerd.store.store import Store

# Commits read at once: one may hold a message of a megabyte.
CHUNK: Final = 16
# Characters after which a page ends, whatever its limit says: it has to fit into a frame.
PAGE: Final = 1 << 20
# Commits in which the message of a plan is looked for.
NEARBY: Final = 256


def page(store: Store, project: str, before: int | None, limit: int) -> v.Conversation:
    """Return the latest entries before a commit. Commits are never torn apart over two pages."""
    found: list[v.Entry] = []
    size = 0
    while batches := store.conversation(project, before, CHUNK):
        for batch in reversed(batches):
            more = entries(store.state, project, batch)
            weight = sum(len(entry.text) for entry in more)
            if found and (len(found) + len(more) > limit or size + weight > PAGE):
                return v.Conversation(project=project, entries=tuple(found[::-1]), before=before)
            found += reversed(more)
            size += weight
            before = batch.seq
    return v.Conversation(project=project, entries=tuple(found[::-1]), before=None)


def said(store: Store, plan: Plan) -> str:
    """Return the text of the message that became a plan, where it is not far back; else nothing."""
    before: int | None = None
    for _ in range(NEARBY // CHUNK):
        batches = store.conversation(plan.project, before, CHUNK)
        for batch in batches:
            for fact in batch.facts:
                if isinstance(fact, ev.MessagePosted) and fact.message == plan.message:
                    return fact.text
        if not batches:
            break
        before = batches[0].seq
    return ""
