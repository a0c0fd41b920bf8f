"""What is said of a commit beside its gates: begun, and checked. Both look at a workspace, and are waited for."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from msgspec import Struct

from pmrunnerd.api.access import Caller
from pmrunnerd.api.desk import Desk
from pmrunnerd.model import protocol as p
from pmrunnerd.model.views import EvidenceDraft, EvidenceView


async def evidence_write(desk: Desk, _: Caller, request: p.EvidenceWrite) -> EvidenceDraft:
    return await desk.evidence.write(desk.store.state.project(request.project), request)


async def evidence_check(desk: Desk, _: Caller, request: p.EvidenceCheck) -> EvidenceView:
    return await desk.evidence.check(desk.store.state.project(request.project), request)


EVIDENCE: Final[Mapping[type[p.Request[Any]], Callable[[Desk, Caller, Any], Awaitable[Struct]]]] = {
    p.EvidenceWrite: evidence_write,
    p.EvidenceCheck: evidence_check,
}
