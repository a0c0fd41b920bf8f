"""`run`: one attempt at a task by one agent, and its log."""

from typing import Any

import click
import msgspec

from pmrunnerctl import complete, runlog, runs, task, unit, watch
from pmrunnerctl.exits import Cannot, Exit
from pmrunnerctl.session import Session
from pmrunnerctl.verbs import Noun, verb
from pmrunnerd.model import progress as pr
from pmrunnerd.model import protocol as p
from pmrunnerd.model.errors import Code
from pmrunnerd.model.views import LogLine

RUN = click.argument("run", shell_complete=complete.runs)


@verb(
    "run list",
    *task.NARROWED,
    what="Nothing is changed.",
    example="pmrunnerctl run list --project demo",
    then="pmrunnerctl run logs r9-4f2a",
)
def list_(session: Session, project: str | None, before: str | None, limit: int) -> None:
    found = session.ask(p.RunList(project=project, before=before, limit=limit))

    used = unit.of_runs(session, [row.run.id for row in found.runs if row.run.ended is None])

    def draw(_: object) -> None:
        if found.runs:
            runs.table(session.out, found, {run: one.words for run, one in used.items()})
        else:
            task.nothing(session.out, "runs", before)
        task.older(session.out, "run list", project, found.before, limit)

    said = msgspec.to_builtins(found) | ({"units": msgspec.to_builtins(used)} if used else {})
    session.show(said, draw)


@verb(
    "run show",
    RUN,
    what="Of a run's name the number is enough, here and wherever a run is named: r9. Nothing is changed.",
    example="pmrunnerctl run show r9-4f2a",
    then="pmrunnerctl run logs r9-4f2a",
)
def show(session: Session, run: str) -> None:
    found = session.ask(p.RunShow(run=run))
    used = unit.of_runs(session, [found.run.id] if found.alive else []).get(found.run.id)
    said = msgspec.to_builtins(found) | ({"unit": msgspec.to_builtins(used)} if used else {})
    session.show(said, lambda _: runs.draw(session.out, found, used.words if used else ""))


@verb(
    "run logs",
    click.argument("run", required=False, shell_complete=complete.runs),
    click.option("-f", "--follow", is_flag=True, help="Go on until the run ends."),
    what="Of the latest run where none is named. What the agent printed goes to standard output and standard error as it was; notes of the"
    " runner's own go to standard error. With -f the exit status is 0 for a run that succeeded, 9"
    " for one that asked, 8 for any other; Ctrl-C ends the watching, not the run. The log of a run whose"
    " files were let go is not there: that is said, and the exit status is 3.",
    example="pmrunnerctl run logs r9-4f2a -f",
    then="pmrunnerctl run show r9-4f2a",
)
def logs(session: Session, run: str | None, *, follow: bool) -> None:
    run = run or _latest(session)
    writer = runlog.Log(session.out, session.second)
    outcome = None
    with watch.watching(session, work="the run goes on"):
        for line in session.stream(p.RunLogs(run=run, follow=follow)):
            if session.json:
                session.print_json(line)
            else:
                writer.write(line)
            if isinstance(line.progress, pr.Finished):
                outcome = line.progress.outcome
        if outcome is None:
            outcome = _how_it_ended(session, run, writer)
        if follow:
            session.end(runlog.exits(outcome) if outcome else Exit.ENDED_BADLY)


def _latest(session: Session) -> str:
    for row in session.ask(p.RunList(limit=1)).runs:
        if not session.json:
            session.note(f"-- run {row.run.id} of task {row.run.task}: {row.title}")
        return row.run.id
    raise Cannot(
        "cannot show a log: there was no run yet",
        exits=Exit.NOT_FOUND,
        code=Code.NOT_FOUND,
        hint="pmrunnerctl task list",
    )


def _how_it_ended(session: Session, run: str, writer: runlog.Log) -> Any:
    """Ask the daemon about a run whose host could not say how it ended, or not yet: killed, say."""
    ended = session.ask(p.RunShow(run=run)).run.ended
    if ended is None:
        return None
    last = pr.Finished(at=ended.at, outcome=ended.outcome, reason=ended.reason)
    if session.json:
        session.note(runlog.said(last))
    else:
        writer.write(LogLine(cursor=0, progress=last))
    return ended.outcome


@verb(
    "run cancel",
    RUN,
    what="What it changed stays reachable as refs/pm-runner/runs/RUN; the working tree goes back.",
    example="pmrunnerctl run cancel r9-4f2a",
    then="pmrunnerctl run show r9-4f2a",
)
def cancel(session: Session, run: str) -> None:
    done = session.ask(p.RunCancel(run=run))

    def say(said: p.Done) -> None:
        session.out.line(f"run {said.id} is being stopped")
        session.out.next(f"pmrunnerctl run show {said.id}")

    session.show(done, say)


@verb(
    "run resume",
    RUN,
    what="It is another run of the same task; the shell agent begins its script anew, with the"
    " answers that were given.",
    example="pmrunnerctl run resume r9-4f2a",
    then="pmrunnerctl run list",
)
def resume(session: Session, run: str) -> None:
    done = session.ask(p.RunResume(run=run))

    def say(said: p.Done) -> None:
        session.out.line(f"the task of run {said.id} is queued again")
        session.out.next("pmrunnerctl run list")

    session.show(done, say)


@verb(
    "run prune",
    click.option("--dry-run", is_flag=True, help="Show what would be deleted; change nothing."),
    what="Event files, transcripts, and all that workspaces keep of runs (refs/pm-runner/runs/RUN, RUN-2 and so on)"
    " go oldest first, by age and size of the files"
    " (settings retention.age, retention.size). Of gate runs go trees that none judges any more, and logs of all but the latest"
    " (retention.gates). What was said, and how runs ended, is kept for ever. Runs stay that are"
    " under way, have an open question, can be gone on with, left work in the workspace that is not put away yet, or are"
    " the latest of their project (retention.latest)."
    " Repositories that were set aside stay: any of them may be yours."
    " What references keep is not counted: its objects may be those of others, and `git gc` frees what nobody has.",
    example="pmrunnerctl run prune --dry-run",
    then="pmrunnerctl status",
)
def prune(session: Session, *, dry_run: bool) -> None:
    # A large tree takes its time, to measure and to delete.
    client = session.client_of(session.place, answer_within=None)
    found = client.call(p.RunPrunable() if dry_run else p.RunPrune())
    session.show(found, lambda table: runs.pruned(session.out, table, dry_run=dry_run))


run = Noun(
    "run", list_, show, logs, cancel, resume, prune, about="Attempts at tasks, and their logs."
)
