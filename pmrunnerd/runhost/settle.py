"""What becomes of the workspace when the agent is done: a commit, or back to where it began."""

import logging

from msgspec import structs

from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.questions import Kind
from pmrunnerd.model.spec import Spec
from pmrunnerd.runhost.report import Reporter
from pmrunnerd.services.agents.protocol import Verdict
from pmrunnerd.services.cell import CannotConfine
from pmrunnerd.services.commits import Unnamed
from pmrunnerd.services.git import GitFailed, NoRoom, TooSlow
from pmrunnerd.services.keeping import Keeping
from pmrunnerd.services.obstacles import Damaged
from pmrunnerd.services.tenancy import HeadMoved, Tenancy

log = logging.getLogger(__name__)


async def settle(held: Tenancy, verdict: Verdict, spec: Spec, report: Reporter) -> Verdict:
    """Commit what a run that succeeded did, or put away what it left; return the final verdict.

    Where not even that can be done, everything stays as it is, with the note that says whose it is.
    """
    try:
        return await _settle(held, verdict, spec, report)
    except TooSlow as exc:
        return unsettled(verdict, Outcome.FAILED, str(exc))
    except (CannotConfine, Unnamed) as exc:
        # Sandboxes have started here a moment ago: it passes, and the work may be committed by now.
        return unsettled(verdict, Outcome.INTERRUPTED, str(exc))


def unsettled(verdict: Verdict, instead: Outcome, why: str) -> Verdict:
    """Return the verdict on a run whose work stays where it is; it is `instead` of a success."""
    if verdict.outcome is Outcome.SUCCEEDED:
        verdict = structs.replace(verdict, outcome=instead)
    if why not in verdict.reason:
        verdict = _because(verdict, why)
    return _because(verdict, "what it left stays there, and the next run puts it away")


async def _settle(held: Tenancy, verdict: Verdict, spec: Spec, report: Reporter) -> Verdict:
    moved: HeadMoved | None = None
    if verdict.outcome is Outcome.SUCCEEDED:
        try:
            await _finish(held, spec, report)
        except GitFailed as exc:
            moved = exc if isinstance(exc, HeadMoved) and exc.foreign else None
            # A full disk is no failure of the work: it is tried again.
            outcome = Outcome.INTERRUPTED if isinstance(exc, NoRoom) else Outcome.FAILED
            verdict = structs.replace(verdict, outcome=outcome, reason=str(exc))
        else:
            held.leave()
            return verdict
    elif (elsewhere := await _elsewhere(held)) is not None:
        if verdict.outcome is Outcome.ASKED:
            # Nobody is asked about work that stays on the branch whatever the answer is.
            moved = elsewhere if isinstance(elsewhere, HeadMoved) else None
            verdict = structs.replace(verdict, outcome=Outcome.FAILED, reason=str(elsewhere))
        elif isinstance(elsewhere, HeadMoved | Damaged):
            verdict = _because(verdict, str(elsewhere))
    try:
        kept = await held.put_away()
    except GitFailed as exc:
        log.exception("cannot put away what run %s left", spec.run)
        why = "" if str(exc) in verdict.reason else f": {exc}"
        return _because(verdict, f"what it left stays there{why}")
    if kept is not None:
        report.kept(kept)
    held.leave()
    return verdict if moved is None else _ask(verdict, kept, report)


async def _finish(held: Tenancy, spec: Spec, report: Reporter) -> None:
    commit = await held.finish(spec.title, spec.trailers)
    # From here on nothing is waited for: whoever said that it is committed says that it succeeded.
    if commit is not None:
        report.committed(commit)
    if held.aside:
        report.kept(Keeping(ref="", files=0, aside=held.aside))


async def _elsewhere(held: Tenancy) -> GitFailed | None:
    """Return what keeps the workspace from being where the run began, if somebody else did it."""
    try:
        await held.check()
    except GitFailed as exc:
        return exc
    return None


def _because(verdict: Verdict, more: str) -> Verdict:
    return structs.replace(verdict, reason="; ".join(filter(None, (verdict.reason, more))))


def _ask(verdict: Verdict, kept: Keeping | None, report: Reporter) -> Verdict:
    """Ask what is to become of a task under which somebody else moved HEAD."""
    left = f"What it did is kept as {kept.ref}." if kept and kept.ref else "It had changed nothing."
    question = f"{verdict.reason}. {left} Begin anew on what is there now?"
    report.asks(Kind.HEAD, question)
    return structs.replace(verdict, outcome=Outcome.ASKED)
