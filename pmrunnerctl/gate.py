"""`gate`: what has to hold of a commit, tried and shown."""

import click

from pmrunnerctl import complete, gatelog, gates, gateweaker, task, watch
from pmrunnerctl.exits import Exit, misused
from pmrunnerctl.session import Session
from pmrunnerctl.verbs import Noun, Whole, verb
from pmrunnerd.model import events as ev
from pmrunnerd.model import protocol as p
from pmrunnerd.model.views import GateTable

RUN = click.argument("gate_run", shell_complete=complete.gate_runs)
_OVER = (ev.GateRunEnded, ev.GateRunRefused, ev.GateRunCancelled, ev.GateRunInterrupted)


@verb(
    "gate run",
    click.argument("alias", shell_complete=complete.aliases),
    click.argument("gates", nargs=-1, metavar="[GATE]..."),
    click.option("--all", "whole", is_flag=True, help="All gates that the commit declares."),
    click.option("--commit", metavar="COMMIT", default="", help="(the latest)"),
    click.option("--detach", is_flag=True, help="Return at once; the gates go on by themselves."),
    what="They are those of [tool.pm-runner.gates] in the commit's pyproject.toml, of its pm-runner.toml, the script gate:all of its"
    " package.json, or the target gate-all of its Makefile. What a gate needs is tried with it; what needs nothing of each"
    " other goes side by side. Nothing that is not committed is looked at. A gate has a command, and may have needs"
    ' = ["GATE"], timeout ("10min"), inputs = ["*.py"] (everything), tests = "junit.xml" ("none"), network (false) and'
    ' runs = "host" or "attested" ("unit"). What happens is shown until all have ended; the exit status is 0 where each'
    " has passed, and 8 where one has not. Ctrl-C ends the watching, not the gates.",
    example="pmrunnerctl gate run demo --all\npmrunnerctl gate run demo lint unit --commit main~1",
    then="pmrunnerctl gate show g3",
)
def run(  # noqa: PLR0913 - one for each word that can be typed
    session: Session, alias: str, gates: tuple[str, ...], commit: str, *, whole: bool, detach: bool
) -> None:
    if whole == bool(gates):
        why = (
            "--all and names of gates are too much"
            if whole
            else "it needs names of gates, or --all"
        )
        raise misused(f"cannot run gates: {why}", hint=f"pmrunnerctl gate run {alias} --all")
    request = p.GateRun(project=alias, gates=gates, commit=commit)
    since = 0 if detach else session.ask(p.Status()).durable
    done = session.ask(request)

    def draw(_: object) -> None:
        session.out.line(f"gate run {done.id} of {alias}")
        if detach:
            session.out.next(f"pmrunnerctl gate show {done.id}")

    session.show(done, draw)
    session.out.flush()
    if not detach:
        session.end(_follow(session, alias, done.id, since))


def _follow(session: Session, alias: str, gate_run: str, since: int) -> Exit:
    """Show what happens until the gate run has ended; say how it went."""
    with watch.watching(session, work="the gates go on"):
        for happening in session.stream(p.Events(project=alias, since=since, follow=True)):
            facts = [one for one in happening.facts if getattr(one, "gate_run", "") == gate_run]
            for fact in facts:
                if session.json:
                    session.print_json(fact)
                else:
                    gates.tell(session.out, fact)
            session.out.flush()
            if any(isinstance(fact, _OVER) for fact in facts):
                break
    found = session.ask(p.GateShow(run=gate_run))

    def draw(_: object) -> None:
        # The reason was said when it happened.
        state = found.run.state.lower() if found.run.reason else gates.summary(found.row)
        session.out.line(f"gate run {gate_run}: {state}")
        session.out.next(f"pmrunnerctl gate show {gate_run}")

    session.show(found, draw)
    if found.row.passed:
        return Exit.OK
    gatelog.saw(session, gate_run)
    return Exit.ENDED_BADLY


@verb(
    "gate list",
    *task.NARROWED,
    what="The latest 50 of each project are remembered. Nothing is changed.",
    example="pmrunnerctl gate list --project demo",
    then="pmrunnerctl gate show g3",
)
def list_(session: Session, project: str | None, before: str | None, limit: int) -> None:
    found = session.ask(p.GateList(project=project, before=before, limit=limit))

    def draw(page: GateTable) -> None:
        if page.runs:
            gates.table(session.out, page)
        else:
            session.out.line(
                "no gate runs yet" if before is None else f"no gate runs before {before}"
            )
            if before is None:
                session.out.next("pmrunnerctl gate run ALIAS --all")
        task.older(session.out, "gate list", project, page.before, limit)

    session.show(found, draw)


@verb(
    "gate show",
    RUN,
    what="Of each gate the verdict, the time, the number of its tests and why. A result that was attested, or answered for by"
    " an earlier gate run, is shown as such. Nothing is changed.",
    example="pmrunnerctl gate show g3",
    then="pmrunnerctl gate list",
)
def show(session: Session, gate_run: str) -> None:
    found = session.ask(p.GateShow(run=gate_run))
    session.show(found, lambda view: gates.draw(session.out, view))


@verb(
    "gate seen",
    RUN,
    what="One that has not passed waits in the inbox until somebody has seen it, or another has tried the same gates. What"
    " came of it stays what it is. Who waited for a `gate run` to its end need not say so.",
    example="pmrunnerctl gate seen g3",
    then="pmrunnerctl inbox",
)
def seen(session: Session, gate_run: str) -> None:
    done = session.ask(p.GateSeen(run=gate_run))

    def say(said: p.Done) -> None:
        session.out.line(f"gate run {said.id} waits in the inbox no longer")
        session.out.next("pmrunnerctl inbox")

    session.show(done, say)


@verb(
    "gate cancel",
    RUN,
    what="Gates that are under way are stopped; those that have a result keep it.",
    example="pmrunnerctl gate cancel g3",
    then="pmrunnerctl gate show g3",
)
def cancel(session: Session, gate_run: str) -> None:
    done = session.ask(p.GateCancel(run=gate_run))

    def say(said: p.Done) -> None:
        session.out.line(f"gate run {said.id} is being stopped")
        session.out.next(f"pmrunnerctl gate show {said.id}")

    session.show(done, say)


@verb(
    "gate attest",
    RUN,
    click.argument("gate"),
    click.option(
        "--passed/--failed", "passed", default=None, help="What came of it. One is needed."
    ),
    click.option("--note", metavar="TEXT", required=True, help="Where and how it was tried."),
    click.option("--tests", metavar="N", type=Whole(min=0), help="How many tests ran."),
    what='Only of a gate that declares runs = "attested", or of one that declares runs = "host" and had none to be tried in, and'
    " only for the source of that gate run: your name stands beside the"
    " result wherever it is shown. Needs the level admin.",
    example="pmrunnerctl gate attest g3 hardware --passed --tests 40 --note 'bench 4, by hand'",
    then="pmrunnerctl gate show g3",
)
def attest(  # noqa: PLR0913 - one for each word that can be typed
    session: Session, gate_run: str, gate: str, *, passed: bool | None, note: str, tests: int | None
) -> None:
    if passed is None:
        raise misused(
            f"cannot attest gate {gate}: it is not said what came of it",
            hint=f"pmrunnerctl gate attest {gate_run} {gate} --passed --note TEXT",
        )
    request = p.GateAttest(run=gate_run, gate=gate, passed=passed, note=note, tests=tests)
    done = session.ask(request)

    def say(said: p.Done) -> None:
        word = "passed" if passed else "failed"
        session.out.line(f"gate {gate} of gate run {said.id} has {word}, by your word")
        session.out.next(f"pmrunnerctl gate show {said.id}")

    session.show(done, say)


gate = Noun(
    "gate",
    *(run, gatelog.prepare, list_, show, gatelog.log, seen, cancel, attest),
    gateweaker.weaker,
    gateweaker.accept,
    about="What has to hold of a commit, and what does.",
)
