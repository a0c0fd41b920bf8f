"""`promote`: a gated commit of this runner becomes the release that runs, or comes back."""

import shlex
import sys
from typing import Final

import click

from pmrunnerctl import complete, moving, premise
from pmrunnerctl.exits import Exit, misused
from pmrunnerctl.session import Session
from pmrunnerctl.verbs import Whole, verb
from pmrunnerd.model import protocol as p
from pmrunnerd.model.views import PromotionPlan

PROBATION: Final = 60


@verb(
    "promote",
    click.argument("project", required=False, shell_complete=complete.aliases),
    click.option("--commit", metavar="COMMIT", default="", help="(the latest)"),
    click.option("--dry-run", is_flag=True, help="Show what it would be; change nothing."),
    click.option("--wait", is_flag=True, help="Show what happens until it has ended."),
    click.option(
        "--approve", metavar="HASH", default="", help="Of the section that you have read."
    ),
    click.option(
        "--probation",
        metavar="SECONDS",
        type=Whole(min=0, max=86400),
        default=PROBATION,
        help="How long it has to be well (60).",
    ),
    click.option(
        "--release",
        metavar="RELEASE",
        default="",
        help="The one that an upgrade of the package has brought.",
    ),
    click.option("--resume", is_flag=True, help="Go on with the one in which root fell silent."),
    what="Everything has to hold: the commit is built and gated as this very content, nothing is uncommitted, its section of EVIDENCE.md"
    " is complete, and you approve that by its hash, at the terminal or with --approve. What is missing is said all at once, each with its remedy."
    " Then root looks again, signs, rehearses on a copy of the state, switches and restarts; agents at work and questions that wait are not touched,"
    " messages are accepted throughout, and queued runs wait. Unless the release is well for --probation, the one before comes"
    " back by itself. Exit status 0 confirmed (or begun, without --wait), 10 refused, 20 came back, 30 the way back failed, 40 another one is under"
    " way. With --release it is the one of the installed package, which needs no gates. Ctrl-C ends the watching, not the promotion. Needs the level admin.",
    example="pmrunnerctl promote --dry-run\npmrunnerctl promote --wait",
    then="pmrunnerctl rollback -h",
)
def promote(  # noqa: PLR0913 - one for each word that can be typed
    session: Session,
    project: str | None,
    commit: str,
    approve: str,
    probation: int,
    release: str,
    *,
    dry_run: bool,
    wait: bool,
    resume: bool,
) -> None:
    if dry_run and (wait or resume):
        raise misused("cannot wait for a --dry-run: nothing happens", hint="pmrunnerctl promote -h")
    if release and (project or commit or approve or dry_run or resume):
        hint = f"pmrunnerctl promote --release {shlex.quote(release)} --wait"
        raise misused("cannot promote a release by its name and a commit at once", hint=hint)
    if dry_run:
        _show(
            session, p.PromotionCheck(project=project, commit=commit, approve=approve, changes=True)
        )
    since = session.ask(p.Status()).durable if wait else None
    with moving.asking():
        if resume:
            done = session.ask(p.PromotionResume())
            moving.begun(session, done, "goes on", since)
            return
        request = p.PromotionCheck(project=project, commit=commit)
        if not (approve or release) and _is_talked_to(session):
            commit, approve = _approved(session, request)
        done = moving.ask(
            session,
            p.Promote(
                project=project,
                commit=commit,
                approve=approve,
                probation=probation,
                release=release,
            ),
        )
        moving.begun(session, done, "promotion has begun", since)


def _is_talked_to(session: Session) -> bool:
    return not session.json and sys.stdin.isatty() and session.out.columns is not None


def _show(session: Session, request: p.PromotionCheck) -> None:
    with moving.asking():
        plan = moving.ask(session, request)
    session.show(plan, lambda view: premise.draw(session.out, view))
    session.end(Exit.OK if plan.ready else Exit.NOT_PROMOTED)


def _approved(session: Session, request: p.PromotionCheck) -> tuple[str, str]:
    """Show the section and ask; return commit and hash, so that what is approved is what was read.

    Where more is missing, or somebody may not promote, the daemon says so, with all of it.
    """
    session.note("looking at commit, gates and evidence")
    plan: PromotionPlan = moving.ask(session, request)
    if not (plan.ready and plan.allowed):
        return request.commit, ""
    premise.draw_section(session.out, plan)
    try:
        # Whoever reads the question may answer by Ctrl-C at once.
        session.out.raw(f"approve it, and promote {plan.release}? [y/N] ")
        session.out.flush()
        is_approved = sys.stdin.readline().strip().lower() in {"y", "yes"}
    except KeyboardInterrupt:
        session.out.line()
        is_approved = False
    if not is_approved:
        session.note("nothing was changed")
        session.end(Exit.NOT_PROMOTED)
    return plan.commit, plan.seal
