"""What people ask of promotions, as facts: refused with all that is missing, or asked of root."""

import shlex
from collections.abc import Iterable

from msgspec import Struct

from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import Project, ProjectType
from pmrunnerd.model.errors import BadRequest, Conflict, NotFound, PmError, Refused
from pmrunnerd.model.naming import Mint
from pmrunnerd.model.promotion import Deed
from pmrunnerd.model.promotions import Promotion, PromotionState
from pmrunnerd.model.proof import ReleaseRow
from pmrunnerd.model.state import State
from pmrunnerd.model.views import Prerequisite
from pmrunnerd.rules.checkout import DEV
from pmrunnerd.rules.promotion import prerequisites
from pmrunnerd.rules.promotion.looked import Looked, Shelved


class Wish(Struct, frozen=True, kw_only=True):
    """Who asks, when (POSIX seconds), and for how long it is watched; `token` is some chance for its name."""

    by: str
    at: int
    token: str
    probation: float
    unconfined: bool = False


def runner(state: State, named: str | None) -> Project:
    """Return the project that is meant: the one that is this runner itself, unless somebody names one."""
    if named is not None:
        return state.project(named)
    found = runners(state)
    if not found:
        raise Refused(
            "cannot promote: no project is this runner itself",
            hint=f"pmrunnerctl project add runner {DEV} --type {ProjectType.RUNNER_DEV}",
        )
    if len(found) > 1:
        names = ", ".join(one.alias for one in found)
        raise BadRequest(
            f"cannot tell which project is meant: {names} are this runner itself",
            hint=f"pmrunnerctl promote {found[0].alias}",
        )
    return found[0]


def runners(state: State) -> list[Project]:
    """Return the projects that are this runner itself."""
    every = (one for one in state.projects.values() if not one.removed)
    return [one for one in every if one.project_type is ProjectType.RUNNER_DEV]


def must_be_prod(environment: str, what: str) -> None:
    """Refuse what only prod's daemon asks of root."""
    if environment != prerequisites.PEOPLES:
        raise Refused(
            f"cannot {what}: this is {environment}, and {prerequisites.PEOPLES} asks root",
            hint=f"pmrunnerctl --env {prerequisites.PEOPLES} {what.split(maxsplit=1)[0]} -h",
        )


def must_be_long(verb: str, probation: float, least: int) -> None:
    """Refuse a probation in which a daemon that hangs would not be found: its watchdog has to have had its time, twice."""
    if probation < least:
        raise BadRequest(
            f"cannot {verb} with a probation of {probation} s: two watchdogs take {least} s",
            hint=f"pmrunnerctl {verb} --probation {least}",
        )


def same(state: State, deed: Deed, release: str, by: str) -> Promotion | None:
    """Return the one that is under way already, if it is what somebody asks for again."""
    going = state.promoting
    if going is None or (going.deed, going.by) != (deed, by):
        return None
    return going if release == going.release else None


def promote(state: State, looked: Looked, approve: str, wish: Wish) -> ev.PromotionRequested:
    """Ask root for a promotion. Raises Refused with everything that is missing."""
    found = prerequisites.checklist(state, looked, approve)
    release, weaker = looked.release, looked.weaker
    if prerequisites.unmet(found) or release is None or looked.record is None:
        at = f" at {looked.commit[:12]}" if looked.commit else ""
        raise _refused(f"cannot promote {looked.project.alias}{at}", found)
    accepted = weaker is not None and bool(weaker.differences.found)
    return ev.PromotionRequested(
        promotion=Mint(state.minted)("x", wish.token),
        project=looked.project.id,
        deed=Deed.PROMOTE,
        environment=looked.environment,
        release=release.id,
        previous=looked.running,
        commit=looked.commit,
        git_tree=looked.git_tree,
        source=looked.source,
        gate_run=looked.record.id,
        seal=approve,
        section=looked.section,
        weaker=weaker.differences.digest if weaker is not None and accepted else "",
        weaker_by=weaker.accepted if weaker is not None and accepted else "",
        probation=wish.probation,
        unconfined=wish.unconfined,
        asked=wish.at,
        by=wish.by,
    )


def _refused(cannot: str, found: tuple[Prerequisite, ...]) -> PmError:
    text, hint = prerequisites.told(cannot, found)
    # Whoever waits for another one can ask again, and be told then what else is missing.
    busy = any(one.name == prerequisites.ALONE for one in prerequisites.unmet(found))
    return (Conflict if busy else Refused)(text, hint=hint)


def rollback(state: State, shelf: Shelved, release: str, wish: Wish) -> ev.PromotionRequested:
    """Ask root for the way back. Raises Refused before anything stops."""
    _must_be_alone(state, shelf, "roll back")
    name = release or shelf.previous
    hint = "pmrunnerctl release list"
    if not name:
        raise Refused(f"cannot roll back: {shelf.environment} ran nothing before", hint=hint)
    target = _one(shelf.releases, name)
    if why := prerequisites.unfit(target, shelf.running, soabi=shelf.soabi, level=shelf.level):
        able = [one.id for one in reversed(shelf.releases) if _is_able(state, one, shelf)]
        others = "; that can: " + ", ".join(able) if able else ", and none that is here can"
        commands = "\n".join(f"pmrunnerctl rollback {shlex.quote(one)}" for one in able)
        raise Refused(f"cannot roll back to {target.id}: it {why}{others}", hint=commands or hint)
    # It is told in the conversation of the runner's own project, where there is one.
    project = next((one.id for one in runners(state)), "")
    return _unproved(state, project, Deed.ROLLBACK, shelf, target, wish)


def upgrade(state: State, shelf: Shelved, release: str, wish: Wish) -> ev.PromotionRequested:
    """Ask root to have the release run that the package brings. Raises Refused, NotFound."""
    target = _one(shelf.releases, release)
    if not shelf.package or target.source != shelf.package:
        raise Refused(
            f"cannot promote {target.id} by its name: the package does not bring it",
            hint="pmrunnerctl promote -h",
        )
    if why := prerequisites.unfit(target, shelf.running, soabi=shelf.soabi, level=shelf.level):
        raise Refused(f"cannot promote {target.id}: it {why}", hint="pmrunnerctl release list")
    _must_be_alone(state, shelf, "promote it")
    project = next((one.id for one in runners(state)), "")
    return _unproved(state, project, Deed.UPGRADE, shelf, target, wish)


def attempt(state: State, looked: Looked, shelf: Shelved, wish: Wish) -> ev.PromotionRequested:
    """Ask root to run what was built of a commit where nothing depends on it. Raises Refused, NotFound."""
    if looked.commit_why:
        raise NotFound(looked.commit_why, hint="pmrunnerctl try -h")
    if not shelf.running:
        raise Refused(
            f"cannot try {looked.commit[:12]}: {shelf.environment} runs no release that it could come back to",
            hint=f"pmrunnerctl --env {shelf.environment} start -h   # --release: its first one",
        )
    fitting = [one for one in shelf.releases if one.source == looked.source]
    if not fitting:
        raise Refused(
            f"cannot try {looked.commit[:12]}: {shelf.environment} has no release of it",
            hint=f"sudo pmrunnerctl --env {shelf.environment} release build --fetch {looked.commit}"
            f" --repository {shlex.quote(looked.project.path)}",
        )
    target = fitting[-1]
    if why := prerequisites.unfit(target, shelf.running, soabi=shelf.soabi, level=shelf.level):
        raise Refused(f"cannot try {target.id}: it {why}", hint="pmrunnerctl release list")
    _must_be_alone(state, shelf, "try it")
    return _unproved(state, looked.project.id, Deed.TRY, shelf, target, wish, commit=looked.commit)


def _unproved(  # noqa: PLR0913 - all that is asked for
    state: State,
    project: str,
    deed: Deed,
    shelf: Shelved,
    target: ReleaseRow,
    wish: Wish,
    *,
    commit: str = "",
) -> ev.PromotionRequested:
    return ev.PromotionRequested(
        promotion=Mint(state.minted)("x", wish.token),
        project=project,
        deed=deed,
        environment=shelf.environment,
        release=target.id,
        previous=shelf.running,
        commit=commit,
        source=target.source,
        probation=wish.probation,
        unconfined=wish.unconfined,
        asked=wish.at,
        by=wish.by,
    )


def _one(releases: Iterable[ReleaseRow], name: str) -> ReleaseRow:
    for one in releases:
        if one.id == name:
            return one
    raise NotFound(f"cannot find release {name}", hint="pmrunnerctl release list")


def _is_able(state: State, release: ReleaseRow, shelf: Shelved) -> bool:
    """Tell whether one could go back to a release, of which root demands that it was well there."""
    here = (one for one in state.promotions.values() if one.environment == shelf.environment)
    if not any(release.id in _well(one) for one in here):
        return False
    return not prerequisites.unfit(release, shelf.running, soabi=shelf.soabi, level=shelf.level)


def _well(promotion: Promotion) -> tuple[str, ...]:
    was = (promotion.release,) if promotion.state is PromotionState.CONFIRMED else ()
    return (promotion.previous, *was)


def _must_be_alone(state: State, shelf: Shelved, what: str) -> None:
    """Refuse while something is under way; a trial whose promotion has ended is the package's to end."""
    if (going := state.promoting) is not None:
        hint = f"pmrunnerctl promotion show {going.id}"
        if going.state is PromotionState.ON_TRIAL:
            hint += f"\n{_back(going.environment)}   # ends its trial: the one before comes back"
        raise Conflict(
            f"cannot {what}: {going.deed} {going.id} of {going.release} is {going.state}",
            hint=hint,
        )
    if shelf.on_trial:
        hint = _back(shelf.environment)
        raise Conflict(f"cannot {what}: {shelf.on_trial} is on trial", hint=hint)


def _back(environment: str) -> str:
    return f"sudo systemctl start pm-runner-rollback@{environment}"
