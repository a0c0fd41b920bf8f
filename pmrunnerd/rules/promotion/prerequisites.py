"""What has to hold before a release is asked for: all of it at once, each thing that does not with its remedy."""

import shlex
from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from pmrunnerd.model.entities import ProjectType
from pmrunnerd.model.gates import Gating
from pmrunnerd.model.proof import ReleaseRow
from pmrunnerd.model.state import State
from pmrunnerd.model.views import Prerequisite
from pmrunnerd.rules.gates.latest import latest
from pmrunnerd.rules.promotion.looked import Looked
from pmrunnerd.rules.promotion.tidiness import untidy
from pmrunnerd.rules.proof import claims

PEOPLES: Final = "prod"
APPROVAL: Final = "approval"
ALONE: Final = "nothing else"
_SHORT: Final = 12


def checklist(state: State, looked: Looked, approve: str = "") -> tuple[Prerequisite, ...]:
    """Return every prerequisite, met or not, in the order in which people see to them; `approve` is what is approved."""
    return (
        _environment(looked),
        _project(looked),
        _commit(looked),
        _workspace(looked),
        _gates(looked),
        _release(looked),
        _weaker(looked),
        _evidence(looked),
        _approval(looked, approve),
        _alone(state, looked),
    )


def current(state: State, looked: Looked) -> Looked:
    """Return the same with the gate run that speaks for its source by now, and one that may soon."""
    project = looked.project.id
    record = latest(state, project, looked.source)
    going = next((g.id for g in _going(state, project) if _may_speak(g, looked)), "")
    if looked.weaker is None or record is None or looked.weaker.run == record.id:
        return replace(looked, record=record, going=going)
    why = f"gate run {record.id} has ended since it was looked at: look again"
    return replace(looked, record=record, going=going, weaker=None, weaker_why=why)


def _going(state: State, project: str) -> Iterator[Gating]:
    return (
        one
        for one in state.gatings.values()
        if one.project == project and not one.state.has_ended and not one.preparing
    )


def _may_speak(gating: Gating, looked: Looked) -> bool:
    """Tell whether what a gate run comes to would be about this source; of one that has not begun nobody knows."""
    if gating.record is not None:
        return gating.record.source == looked.source
    return not gating.commit or looked.commit.startswith(gating.commit)


def unmet(found: tuple[Prerequisite, ...]) -> tuple[Prerequisite, ...]:
    """Return those that do not hold."""
    return tuple(one for one in found if not one.met)


def waits_for_approval(found: tuple[Prerequisite, ...]) -> bool:
    """Tell whether all but the approval holds."""
    return [one.name for one in unmet(found)] == [APPROVAL]


def told(cannot: str, found: tuple[Prerequisite, ...]) -> tuple[str, str]:
    """Return a refusal, and the commands that mend it: all of it at once."""
    missing = unmet(found)
    one = len(missing) == 1
    lines = [
        f"{cannot}: {len(missing)} of {len(found)} prerequisites {'is' if one else 'are'} unmet"
    ]
    lines += [f"  {item.name}: {item.said}" for item in missing]
    return "\n".join(lines), "\n".join(
        dict.fromkeys(remedy for item in missing for remedy in item.remedies)
    )


def _met(name: str, said: str) -> Prerequisite:
    return Prerequisite(name=name, met=True, said=said)


def _not(name: str, said: str, *remedies: str) -> Prerequisite:
    return Prerequisite(name=name, met=False, said=said, remedies=remedies)


def _environment(looked: Looked) -> Prerequisite:
    name = "environment"
    if looked.environment == PEOPLES:
        return _met(name, f"{looked.environment} is to run it")
    said = f"this is {looked.environment}, and only {PEOPLES} is promoted into"
    return _not(name, said, f"pmrunnerctl --env {PEOPLES} promote")


def _project(looked: Looked) -> Prerequisite:
    name, project = "project", looked.project
    if project.project_type is ProjectType.RUNNER_DEV:
        return _met(name, f"{project.alias} is this runner itself")
    said = f"{project.alias} is of type {project.project_type}, and not this runner itself"
    return _not(name, said, "pmrunnerctl project list")


def _commit(looked: Looked) -> Prerequisite:
    name = "commit"
    if looked.commit_why:
        git = f"git -C {shlex.quote(looked.project.path)} log --oneline -5"
        return _not(name, looked.commit_why, git)
    named = looked.named or f"the latest of {looked.workspace.branch or 'HEAD'}"
    return _met(name, f"{looked.commit[:_SHORT]}, {named}, source {looked.source[:_SHORT]}")


def _workspace(looked: Looked) -> Prerequisite:
    name = "workspace"
    wrong = [*untidy(looked.workspace, looked.project.path)]
    if not wrong:
        return _met(name, "nothing is uncommitted")
    remedies = tuple(dict.fromkeys(remedy for _, remedy in wrong))
    return _not(name, "; ".join(said for said, _ in wrong), *remedies)


def _run(looked: Looked) -> str:
    commit = f" --commit {looked.commit}" if looked.named and looked.commit else ""
    return f"pmrunnerctl gate run {looked.project.alias} --all{commit}"


def _gates(looked: Looked) -> Prerequisite:
    name, record = "gates", looked.record
    if looked.going:
        said = f"gate run {looked.going} has not ended"
        return _not(name, said, f"pmrunnerctl gate show {looked.going}")
    if record is None:
        return _not(name, f"nothing was gated of source {looked.source[:_SHORT]}", _run(looked))
    if wrong := claims.unmet(record, source=looked.source, tree=record.build or "none"):
        said = f"gate run {record.id}: {'; '.join(wrong)}"
        return _not(name, said, f"pmrunnerctl gate show {record.id}", _run(looked))
    tests = sum(one.tests.ran for one in record.results if one.tests is not None)
    gates = len(record.gates.gates)
    return _met(
        name,
        f"all {gates} passed with {tests} test{'s' * (tests != 1)}, for this very source: {record.id}",
    )


def _release(looked: Looked) -> Prerequisite:
    name, release, record = "release", looked.release, looked.record
    if record is None:
        return _not(name, "nothing was gated that it could be built of", _run(looked))
    if release is None:
        was = f"tree {record.build[:_SHORT]}" if record.build else "no built tree"
        said = f"gate run {record.id} was given {was}, and there is no release of it"
        return _not(name, said, "pmrunnerctl release list", _run(looked))
    if why := unfit(release, looked.running, soabi=looked.soabi, level=looked.level):
        look = "status" if release.id == looked.running else f"release show {release.id}"
        return _not(name, f"{release.id} {why}", f"pmrunnerctl {look}")
    return _met(name, f"{release.id}, as the gates were given it")


def unfit(release: ReleaseRow, running: str, *, soabi: str, level: int) -> str:
    """Say why a release could not take the place of the one that runs; empty where it can."""
    if release.id == running:
        return "runs already"
    if release.trouble:
        return f"cannot be read: {release.trouble}"
    if release.soabi != soabi:
        return f"is built for {release.soabi}, and this Python is {soabi}"
    if release.level < level:
        return f"reads states up to level {release.level}, and this one is of level {level}"
    return ""


def _weaker(looked: Looked) -> Prerequisite:
    name, found = "no weaker", looked.weaker
    if found is None:
        why = looked.weaker_why or "nothing was gated that could be compared"
        return _not(name, why, _run(looked) if looked.record is None else "pmrunnerctl gate list")
    if not found.differences.found:
        before = f"the gates ask nothing less than {found.before}"
        return _met(name, before if found.before else "nothing was gated before")
    if found.accepted:
        return _met(name, f"{found.accepted} accepted what the gates ask less than {found.before}")
    count = len(found.differences.found)
    said = f"the gates ask less than {found.before}, in {count} way{'s' * (count > 1)}"
    accept = f"pmrunnerctl gate accept {found.run} {found.differences.digest}"
    return _not(name, said, f"pmrunnerctl gate weaker {found.run}", accept)


def _evidence(looked: Looked) -> Prerequisite:
    name, found, alias = "evidence", looked.evidence, looked.project.alias
    check = f"pmrunnerctl evidence check {alias}"
    if found is None:
        return _not(name, looked.evidence_why or "nobody looked at it", check)
    if found.complaints:
        count, first = len(found.complaints), found.complaints[0]
        more = f", and {count - 1} more" if count > 1 else ""
        begin = () if found.seal else (f"pmrunnerctl evidence write {alias}",)
        return _not(name, f"{first.what}{more}", *begin, check)
    if not found.seal:
        return _not(name, "there is no section about it", f"pmrunnerctl evidence write {alias}")
    return _met(name, f"section {found.seal[:_SHORT]}: {found.title}")


def _approval(looked: Looked, approve: str) -> Prerequisite:
    seal = looked.evidence.seal if looked.evidence else ""
    if looked.release is not None and looked.release.id == looked.running:
        return _not(APPROVAL, "there is nothing to approve, for it runs already")
    if not seal:
        said = "there is no section of evidence that somebody could approve"
        return _not(APPROVAL, said, f"pmrunnerctl evidence write {looked.project.alias}")
    if approve == seal:
        return _met(APPROVAL, f"section {seal[:_SHORT]} is approved")
    said = (
        f"nobody has approved section {seal[:_SHORT]}"
        if not approve
        else f"{approve[:_SHORT]} was approved, and the section is {seal[:_SHORT]} by now"
    )
    return _not(APPROVAL, said, f"pmrunnerctl promote {looked.project.alias} --approve {seal}")


def _alone(state: State, looked: Looked) -> Prerequisite:
    name, going = ALONE, state.promoting
    if going is not None:
        said = f"{going.deed} {going.id} of {going.release} is {going.state}"
        return _not(name, said, f"pmrunnerctl promotion show {going.id}")
    if looked.on_trial:
        return _not(name, f"{looked.on_trial} is on trial", "pmrunnerctl promotion list")
    return _met(name, "no promotion is under way")
