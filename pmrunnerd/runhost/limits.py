"""What the kernel says of a run at its end: what all of it used, and whether it met its limit of memory."""

from msgspec.structs import replace

from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.quantities import size
from pmrunnerd.runhost.report import Reporter
from pmrunnerd.services.agents.protocol import Verdict
from pmrunnerd.services.cgroup import Group


def measured(verdict: Verdict, group: Group | None, report: Reporter, *, stopped: bool) -> Verdict:
    """Report what the group counted, and return the verdict with the reason that only it knows.

    What met its limit would meet it again, so it is no interruption, unless it was `stopped`.
    """
    if group is None:
        return verdict
    report.measured(group)
    if not group.killed():
        return verdict
    limit = group.memory_limit()
    most = f" of {size(limit)}" if limit is not None else ""
    why = f"memory: it met its limit{most}, and the kernel killed what it ran"
    if verdict.outcome in {Outcome.SUCCEEDED, Outcome.ASKED}:
        report.told(why)
        return verdict
    interrupted = verdict.outcome is Outcome.INTERRUPTED and not stopped
    return replace(
        verdict,
        outcome=Outcome.FAILED if interrupted else verdict.outcome,
        reason="; ".join(filter(None, (why, verdict.reason))),
    )
