"""What people ask of gate runs, as facts, and what a gate run comes to."""

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import Project
from pmrunnerd.model.errors import BadRequest, NotFound, Refused
from pmrunnerd.model.gates import (
    NO_TESTS,
    Counted,
    Differences,
    Gate,
    GateResult,
    GateRun,
    Gating,
    GatingState,
    Verdict,
    Where,
)
from pmrunnerd.model.naming import Mint
from pmrunnerd.model.state import State
from pmrunnerd.rules.gates import digests
from pmrunnerd.rules.gates.table import NAME

Facts = tuple[ev.AnyEvent, ...]

# So many of a project may wait or go on: each is a commit that somebody wants to know about.
MOST: Final = 20


class Attestation(Struct, frozen=True, kw_only=True):
    """What an admin says of a gate that was tried elsewhere; `note` is where, and how."""

    gate: str
    passed: bool
    note: str
    tests: int | None = None


def request(  # noqa: PLR0913 - all that is asked for
    state: State,
    project: Project,
    names: Iterable[str],
    commit: str,
    by: str,
    *,
    preparing: bool = False,
) -> ev.GateRunRequested:
    """Ask for gates of a commit, or only for what they need; what it declares is seen when it is extracted."""
    names = tuple(dict.fromkeys(names))
    for name in names:
        if not NAME.fullmatch(name):
            raise BadRequest(
                f"cannot run gate {name[:60]!r}: that is no name of a gate",
                hint=f"pmrunnerctl gate run {project.alias} --all",
            )
    waiting = [g for g in state.gatings.values() if g.project == project.id and _goes(g)]
    if len(waiting) >= MOST:
        raise Refused(
            f"cannot run gates of {project.alias}: {MOST} gate runs of it have not ended",
            hint=f"pmrunnerctl gate list --project {project.alias}",
        )
    gate_run = Mint(state.minted)("g")
    return ev.GateRunRequested(
        gate_run=gate_run,
        project=project.id,
        names=names,
        commit=commit,
        by=by,
        preparing=preparing,
    )


def cancel(state: State, gate_run: str, by: str) -> Facts:
    """Stop a gate run; one that has begun is cancelled when nothing of it is left."""
    known = state.gating(gate_run)
    if known.state is GatingState.CANCELLED or known.cancelling:
        return ()
    if known.state.has_ended:
        raise Refused(
            f"cannot cancel gate run {gate_run}: it is {known.state}",
            hint=f"pmrunnerctl gate show {gate_run}",
        )
    if known.state is GatingState.QUEUED:
        return (ev.GateRunCancelled(gate_run=known.id, project=known.project, by=by),)
    return (ev.GateRunCancelRequested(gate_run=known.id, project=known.project, by=by),)


def attest(state: State, gate_run: str, said: Attestation, by: str) -> Facts:
    """Record what an admin says of a gate, for the source of a gate run that came to it."""
    known = state.gating(gate_run)
    cannot = f"cannot attest gate {said.gate[:60]} of gate run {gate_run}"
    hint = f"pmrunnerctl gate show {gate_run}"
    record = known.record
    if record is None or known.state not in {GatingState.RUNNING, GatingState.ENDED}:
        raise Refused(f"{cannot}: it is {known.state}", hint=hint)
    gate = next((one for one in record.gates.gates if one.name == said.gate), None)
    if gate is None or gate.name not in record.wanted:
        raise NotFound(f"{cannot}: it has {', '.join(record.wanted)}", hint=hint)
    before = next((one for one in record.results if one.gate == gate.name), None)
    if not is_a_persons(gate, before):
        raise Refused(
            f'{cannot}: it is tried here; only one that runs = "attested" is not,'
            ' and one that runs = "host" where no host could be booted',
            hint=hint,
        )
    if before is None:
        raise Refused(f"{cannot}: it waits for {', '.join(gate.needs)}", hint=hint)
    if not said.note.strip():
        raise BadRequest(
            f"{cannot}: the note is empty; it says where and how it was tried", hint=hint
        )
    if said.passed and gate.tests != NO_TESTS and not said.tests:
        raise Refused(
            f"{cannot}: it declares tests, and none is said to have run", hint=f"{hint}   --tests N"
        )
    result = _attested(gate, before, said, by)
    if result == before:
        return ()
    return (ev.GateAttested(gate_run=known.id, project=known.project, result=result),)


def is_a_persons(gate: Gate, result: GateResult | None) -> bool:
    """Tell whether what comes of a gate is for a person to say: it is never tried here, or had no host to be tried in."""
    if gate.runs is Where.HOST and result is not None:
        return result.verdict is Verdict.CANNOT_START or bool(result.signed_by)
    return gate.runs is Where.ATTESTED


def accept(state: State, project: Project, differences: Differences, digest: str, by: str) -> Facts:
    """Accept that gates ask less, if the digest is that of all there is now."""
    if digest != differences.digest:
        raise Refused(
            f"cannot accept the differences {digest[:60]}: they are {differences.digest} by now",
            hint="pmrunnerctl gate list",
        )
    if is_accepted(state, project, differences):
        return ()
    found = differences.found
    return (ev.DifferencesAccepted(project=project.id, digest=digest, found=found, by=by),)


def is_accepted(state: State, project: Project, differences: Differences) -> bool:
    """Tell whether nothing is weaker, or a person accepted all that is."""
    return not differences.found or f"{project.id} {differences.digest}" in state.accepted


def has_passed(gating: Gating) -> bool:
    """Tell whether each gate that was wanted has passed."""
    record = gating.record
    if record is None or gating.state is not GatingState.ENDED:
        return False
    good = {one.gate for one in record.results if one.verdict is Verdict.PASSED}
    return good >= set(record.wanted)


def is_whole(record: GateRun) -> bool:
    """Tell whether all gates of the set were wanted: `gate:all`."""
    return set(record.wanted) == {gate.name for gate in record.gates.gates}


def _goes(gating: Gating) -> bool:
    return not gating.state.has_ended


def _attested(gate: Gate, before: GateResult, said: Attestation, by: str) -> GateResult:
    return GateResult(
        gate=gate.name,
        verdict=Verdict.PASSED if said.passed else Verdict.FAILED,
        definition=digests.definition(gate),
        inputs=before.inputs,
        started=before.started,
        seconds=0.0,
        why=said.note.strip(),
        tests=None if said.tests is None else Counted(ran=said.tests),
        signed_by=by,
        preparation=before.preparation,
    )
