"""Somebody commits while a run is at work: nothing of it is committed, and a person decides."""

from pathlib import Path

from pmrunnerd.model import protocol as p
from pmrunnerd.model.entities import TaskState
from tests.integration.daemon import Daemon, git
from tests.integration.test_admission import ENDLESS, until_running


def moved(daemon: Daemon) -> Path:
    """Have a run under way in `cake`, commit beside it, and let it go on; return the workspace."""
    path = daemon.add_project("cake")
    daemon.say("cake", f"echo dough >> cake.txt; {ENDLESS}")
    until_running(daemon, path)
    (path / "mine.txt").write_text("mine\n")
    git(path, "add", "mine.txt")
    git(path, "commit", "-q", "-m", "mine")
    (path / ".git/go").touch()
    daemon.until_kind("cake", "question")
    return path


def test_the_work_begins_anew_on_what_somebody_committed(tmp_path: Path) -> None:
    with Daemon(tmp_path / "state") as daemon:
        path = moved(daemon)
        (item,) = daemon.ask(p.Inbox()).items
        assert item.options == ("begin anew", "cancel the task")
        assert "HEAD moved while it ran" in item.text
        (run,) = daemon.ask(p.RunList()).runs
        assert run.run.ended.kept == f"refs/pm-runner/runs/{run.run.id}"
        assert run.run.ended.kept in item.text
        assert git(path, "log", "--format=%s").splitlines() == ["mine", "start"]
        assert git(path, "show", f"{run.run.ended.kept}:cake.txt") == "dough\n"

        # Whatever says how to answer says what will be taken, and that it is the runner who asks.
        assert item.command == f"pmrunnerctl answer {item.id} --option 1"
        asked = daemon.until_kind("cake", "question")
        assert (asked.author, asked.fixed) == ("runner", True)
        for words in (("inbox",), ("task", "show", item.task), ("chat", "history", "cake")):
            shown = daemon.ctl(*words).stdout
            assert f"answer {item.id} --option 1" in shown, words
            assert "TEXT" not in shown, words
        none = daemon.ctl("answer", item.id, "--option", "9")
        assert f" answer {item.id} --option 1" in none.stderr

        wrong = daemon.ctl("answer", item.id, "yes")
        assert wrong.returncode == 2
        assert f" answer {item.id} --option 1" in wrong.stderr
        assert daemon.ctl("answer", item.id, "--option", "1").returncode == 0
        daemon.until_kind("cake", "complete")
        assert (path / "cake.txt").read_text() == "dough\n"
        assert git(path, "log", "-2", "--skip=1", "--format=%s").splitlines() == ["mine", "start"]


def test_the_task_can_be_let_go(tmp_path: Path) -> None:
    with Daemon(tmp_path / "state") as daemon:
        path = moved(daemon)
        (item,) = daemon.ask(p.Inbox()).items
        daemon.ask(p.Answer(question=item.id, text="cancel the task"))
        assert daemon.ask(p.TaskShow(task="t1")).task.state is TaskState.CANCELLED
        assert daemon.ask(p.Inbox()).items == ()
        assert git(path, "status", "--porcelain") == ""
        assert not (path / "cake.txt").exists()
