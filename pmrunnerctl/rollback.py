"""`rollback`: an earlier release runs again."""

import click

from pmrunnerctl import moving
from pmrunnerctl.session import Session
from pmrunnerctl.verbs import Whole, verb
from pmrunnerd.model import protocol as p


@verb(
    "rollback",
    click.argument("release", required=False, default="", metavar="[RELEASE]"),
    click.option("--wait", is_flag=True, help="Show what happens until it has ended."),
    click.option(
        "--probation",
        metavar="SECONDS",
        type=Whole(min=0, max=86400),
        default=60,
        help="How long it has to be well (60).",
    ),
    what="RELEASE is the one that ran before, unless it is named. Agents at work and questions that wait are not touched, and nothing that was"
    " said is lost. Where the release cannot read today's state it is refused before anything stops, and those that can are named; where"
    " it does not get well, what runs now comes back. With daemon and client dead, root goes back from a release on trial by"
    " systemctl start pm-runner-rollback@prod. Exit status as of promote. Needs the level admin.",
    example="pmrunnerctl rollback --wait",
    then="pmrunnerctl status",
)
def rollback(session: Session, release: str, probation: int, *, wait: bool) -> None:
    since = session.ask(p.Status()).durable if wait else None
    with moving.asking():
        done = moving.ask(session, p.Rollback(release=release, probation=probation))
        moving.begun(session, done, "rollback has begun", since)
