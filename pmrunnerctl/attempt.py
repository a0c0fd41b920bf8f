"""`try`: a commit runs where nothing depends on it, built where that was not done before."""

import time
from pathlib import Path
from typing import Final

import click

from pmrunnerctl import complete, dist, moving, offline
from pmrunnerctl.exits import Cannot, Exit
from pmrunnerctl.prove import PROGRAM
from pmrunnerctl.session import Session
from pmrunnerctl.verbs import verb
from pmrunnerd.model import protocol as p
from pmrunnerd.model.errors import Code
from pmrunnerd.model.proof import ReleaseRow
from pmrunnerd.model.views import PromotionPlan

# Where it runs.
ENVIRONMENT: Final = "dev"
_FETCH: Final = "--fetch"


@verb(
    "try",
    click.argument("commit", required=False, default="", metavar="[COMMIT]"),
    click.option("--project", metavar="ALIAS", shell_complete=complete.aliases),
    click.option("--wait", is_flag=True, help="Show what happens until it has ended."),
    what="A release is built of it, where there is none, and the environment dev runs that, on port 3503, until something else is tried. No gate is needed,"
    " and nothing of prod is touched. Where it cannot be built, or does not start, that is said, and the release before it runs on. COMMIT is the latest,"
    " unless it is named. Needs the level admin, and for what is built the rights of who owns releases: root, under systemd.",
    example="sudo pmrunnerctl try main --wait",
    then="pmrunnerctl --env dev status",
)
def attempt(session: Session, commit: str, project: str | None, *, wait: bool) -> None:
    since = session.ask(p.Status()).durable if wait else None
    with moving.asking():
        try:
            done = moving.ask(session, p.Try(project=project, commit=commit))
        except Cannot as exc:
            # The remedy that it names is what we do.
            if exc.code != Code.REFUSED or "release build" not in exc.hint:
                raise
            _make(session, project, commit)
            done = moving.ask(session, p.Try(project=project, commit=commit))
        moving.begun(session, done, "the try has begun", since)


def _make(session: Session, project: str | None, commit: str) -> None:
    """Build a release of a commit. Raises Cannot."""
    plan: PromotionPlan = moving.ask(session, p.PromotionCheck(project=project, commit=commit))
    overview = session.ask(p.Status())
    found = dist.running(overview)
    root = f"--root={found.root if found else dist.root_of(())}"
    path = next(row.path for row in overview.projects if row.alias == plan.alias)
    began = time.monotonic()
    session.note(f"building a release of {plan.commit[:12]} for {ENVIRONMENT}")
    try:
        row = _build(session, root, plan.commit, Path(path))
    except Cannot as exc:
        raise Cannot(
            f"cannot try {plan.commit[:12]}, and {ENVIRONMENT} runs on as before: {exc}",
            exits=Exit.NOT_PROMOTED,
            code=exc.code,
            hint=exc.hint,
        ) from exc
    session.note(f"built {row.id} in {time.monotonic() - began:.0f} s")


def _build(session: Session, root: str, commit: str, repository: Path) -> ReleaseRow:
    """Build it, with wheels from an index only where some are missing."""
    words = (f"--env={ENVIRONMENT}", root, f"--source={commit}", f"--repository={repository}")
    try:
        return offline.ask("build", ReleaseRow, *words, program=PROGRAM)
    except Cannot as exc:
        if _FETCH not in exc.hint and "pm-runner-fetch@" not in exc.hint:
            raise
        session.note("bringing wheels of its lock that are not here")
    return offline.ask("build", ReleaseRow, *words, _FETCH, program=PROGRAM)
