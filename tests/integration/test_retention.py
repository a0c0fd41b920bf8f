"""What was kept of runs, and is let go, by a real daemon, from real workspaces."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pmrunnerd.model import protocol as p
from pmrunnerd.model.upkeep import PruneTable
from tests.integration.daemon import Daemon, facts, git
from tests.integration.kept import (
    KEPT,
    NONE_STAY,
    failing,
    is_old,
    refs,
    retried,
    run,
    there,
    until,
)
from tests.unit.services.parts import eventually, needs_sandbox

pytestmark = needs_sandbox


def test_what_is_too_old_goes_with_its_references_and_what_is_needed_stays(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path / "state", NONE_STAY)
    with daemon:
        workspace = daemon.add_project("demo")
        first, second = retried(daemon, workspace)
        git(workspace, "branch", first)
        git(workspace, "update-ref", f"{KEPT}/{first}-2", "HEAD")
        git(workspace, "update-ref", f"{KEPT}/r999-ffff", "HEAD")
        asked = run(daemon, 'pm-ask "Which?" a b', "question").id
        failed = run(daemon, failing("other"), "error", 2).id
        before = refs(workspace)
    is_old(daemon.state, first, second, asked, failed)

    with daemon:
        eventually(lambda: there(daemon.state) == {asked, failed})
        assert refs(workspace) == before - {f"{KEPT}/{first}", f"{KEPT}/{first}-2"}
        shown = daemon.ctl("run", "show", first).stdout
        assert f"{KEPT}/{first}, which was let go with its files" in shown
        assert "it changed last 40 days ago, and files are kept for 30 days" in shown
        task = daemon.ctl("task", "show", "t1").stdout
        assert f"kept as {KEPT}/{first}, which was let go with its files" in task
        logs = daemon.ctl("run", "logs", first)
        assert logs.returncode == 3
        assert f"cannot show the log of run {first}: its files were let go at " in logs.stderr
        assert f" run show {first}" in logs.stderr
        assert daemon.ctl("run", "logs", asked).returncode == 0
        assert "of 2 runs; none could go" in daemon.ctl("status").stdout

    # Answered, its task is complete, and nobody needs what it was asked in.
    with daemon:
        daemon.ask(p.Answer(question="q1", text="a"))
        until(daemon, "complete", 2)
        is_old(daemon.state, asked)
        daemon.ask(p.RunPrune())
        assert asked not in there(daemon.state)


def test_what_is_too_much_goes_oldest_first_as_soon_as_a_run_has_ended(tmp_path: Path) -> None:
    with Daemon(tmp_path / "state", NONE_STAY, "--retention-size=3000000") as daemon:
        daemon.add_project("demo")
        much = "head -c 1000000 /dev/zero | tr '\\0' x"
        runs = [run(daemon, much, count=n).id for n in (1, 2)]
        assert there(daemon.state) == set(runs)
        runs.append(run(daemon, much, count=3).id)
        eventually(lambda: there(daemon.state) == set(runs[1:]))
        [gone] = [fact for fact in facts(daemon.state) if fact["fact"] == "run-pruned"]
        assert (gone["run"], gone.get("by", "")) == (runs[0], "")
        assert "and 2.9 MiB are kept" in gone["reason"]


def test_the_latest_of_a_project_and_one_that_is_under_way_stay(tmp_path: Path) -> None:
    with Daemon(tmp_path / "state", "--retention-latest=1", "--retention-age=0") as daemon:
        workspace = daemon.add_project("demo")
        over = [run(daemon, "true", count=n).id for n in (1, 2)]
        daemon.say("demo", "touch .git/began\nwhile ! test -e .git/end; do sleep 0.05; done")
        eventually((workspace / ".git/began").exists)
        is_old(daemon.state, *over)
        running = daemon.ask(p.RunList(limit=1)).runs[0].run.id
        found: PruneTable = daemon.ask(p.RunPrune())
        assert {row.run for row in found.runs} == set(over)
        # The directories wait, empty, for the workspace; the run is the latest, and under way.
        assert running in there(daemon.state)
        assert all(f"a run has {workspace}" in left for left in found.left)
        (workspace / ".git/end").touch()
        until(daemon, "complete", 3)
        eventually(lambda: there(daemon.state) == {running})


def test_a_dry_run_changes_nothing_and_says_what_would_go(tmp_path: Path) -> None:
    with Daemon(tmp_path / "state", NONE_STAY) as daemon:
        workspace = daemon.add_project("demo")
        first, second = retried(daemon, workspace)
        is_old(daemon.state, first, second)
        before = (daemon.ask(p.Status()).durable, there(daemon.state), refs(workspace))

        dry = daemon.ctl("run", "prune", "--dry-run")
        assert f"{KEPT}/{first}" in dry.stdout
        assert "2 runs, " in dry.stdout
        assert "would be deleted" in dry.stdout
        assert dry.stdout.splitlines()[-1].endswith(" run prune")
        told = json.loads(daemon.ctl("run", "prune", "--dry-run", "--json").stdout)
        assert [row["run"] for row in told["runs"]] == [first, second]
        prune = f"pmrunnerctl --socket {daemon.socket} run prune"
        assert f"2 could go: {prune}" in daemon.ctl("status").stdout
        told = json.loads(daemon.ctl("status", "--json").stdout)["retention"]
        assert (told["runs"], told["prunable"], told["limit"]) == (2, 2, 10 << 30)
        assert (daemon.ask(p.Status()).durable, there(daemon.state), refs(workspace)) == before
        assert daemon.ctl("run", "logs", first).returncode == 0

        assert "2 runs, " in daemon.ctl("run", "prune").stdout
        assert there(daemon.state) == set()
        assert f"{KEPT}/{first}" not in refs(workspace)
        [by] = {fact["by"] for fact in facts(daemon.state) if fact["fact"] == "run-pruned"}
        assert by in daemon.ctl("run", "show", second).stdout


def test_killed_after_the_fact_and_before_the_end_the_next_daemon_finishes(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path / "state", NONE_STAY)
    with daemon:
        workspace = daemon.add_project("demo")
        first, second = retried(daemon, workspace)
        is_old(daemon.state, first, second)
        # Nobody can delete what is in there, so the daemon is killed in the middle, surely.
        (workspace / ".git/packed-refs.lock").touch()
        [left] = daemon.ask(p.RunPrune()).left
        assert first in left
        assert there(daemon.state) == {first}, "of the other nothing was kept"
        daemon.kill()
        assert [f["run"] for f in facts(daemon.state) if f["fact"] == "run-pruned"] == [
            first,
            second,
        ]
        # As if it had come even less far.
        (daemon.state / "runs" / first / "events.jsonl").write_text("{}\n")
        (workspace / ".git/packed-refs.lock").unlink()
        assert f"{KEPT}/{first}" in refs(workspace)

        daemon.start()
        eventually(lambda: there(daemon.state) == set())
        assert refs(workspace) == {"refs/heads/main"}
        assert len([f for f in facts(daemon.state) if f["fact"] == "run-pruned"]) == 2


def test_what_a_link_in_a_run_s_directory_leads_to_survives(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    (victim / "deep").mkdir(parents=True)
    (victim / "deep/precious").write_text("mine")
    with Daemon(tmp_path / "state", NONE_STAY) as daemon:
        daemon.add_project("demo")
        linked, moved, whole = (run(daemon, "true", count=n).id for n in (1, 2, 3))
        runs = daemon.state / "runs"
        (runs / linked / "agent/link").symlink_to(victim)
        # The positive control: not a link, but a directory of the same content.
        shutil.copytree(victim, runs / moved / "agent/link")
        (runs / whole).rename(tmp_path / "whole")
        (runs / whole).symlink_to(tmp_path / "whole")
        is_old(daemon.state, linked, moved)

        found: PruneTable = daemon.ask(p.RunPrune())
        assert {row.run for row in found.runs} == {linked, moved}
        assert there(daemon.state) == {whole}
        assert (victim / "deep/precious").read_text() == "mine"
        assert (tmp_path / "whole/events.jsonl").exists()
        assert found.left == (f"{runs / whole}: it is no run's directory",)


def test_a_workspace_that_is_gone_is_waited_for_and_a_removed_project_s_is_left_alone(
    tmp_path: Path,
) -> None:
    with Daemon(tmp_path / "state", NONE_STAY) as daemon:
        workspace = daemon.add_project("demo")
        first, second = retried(daemon, workspace)
        is_old(daemon.state, first)
        away = workspace.rename(tmp_path / "away")
        [left] = daemon.ask(p.RunPrune()).left
        assert f"run {first}" in left
        assert "it is not there" in left
        assert not any((daemon.state / "runs" / first).iterdir()), "our own files went"
        away.rename(workspace)
        assert daemon.ask(p.RunPrune()).left == ()
        assert f"{KEPT}/{first}" not in refs(workspace)

        git(workspace, "update-ref", f"{KEPT}/{second}", "HEAD")
        daemon.ask(p.ProjectRemove(project="demo"))
        is_old(daemon.state, second)
        assert daemon.ask(p.RunPrune()).left == ()
        assert there(daemon.state) == set()
        assert f"{KEPT}/{second}" in refs(workspace)


def test_runs_whose_plan_was_put_away_are_let_go_and_known_over_a_restart(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path / "state", NONE_STAY, "--store-checkpoint=1")
    with daemon:
        daemon.add_project("demo")
        gone = [run(daemon, "true", count=n).id for n in (1, 2)]
        is_old(daemon.state, *gone)
    with daemon:
        eventually(lambda: there(daemon.state) == set())
    with daemon:
        for name in gone:
            assert daemon.ctl("run", "logs", name).returncode == 3
        assert daemon.ctl("state", "verify").returncode == 0
        assert "nothing; at most 10.0 GiB of runs are" in daemon.ctl("status").stdout


def test_a_stop_while_somebody_prunes_a_large_tree_waits_for_no_more_of_it(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path / "state", NONE_STAY)
    with daemon, ThreadPoolExecutor() as people:
        daemon.add_project("demo")
        large = run(daemon, "true").id
        for number in range(8_000):
            (daemon.state / f"runs/{large}/agent/home/{number}").mkdir()
        is_old(daemon.state, large)
        asked = people.submit(daemon.ask, p.RunPrune())
        eventually(lambda: [f for f in facts(daemon.state) if f["fact"] == "run-pruned"])
        assert daemon.terminate() == 0
        # Whoever asked is answered, and not hung up on.
        assert asked.result().left == (f"run {large}: it is its turn next",)
        assert any((daemon.state / "runs" / large).iterdir())

        daemon.start()
        eventually(lambda: there(daemon.state) == set())
