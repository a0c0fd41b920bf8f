"""Errands on a host with the package: what a sealed daemon has done in workspaces, and with logins."""

import json
from collections.abc import Iterator
from typing import Any, Final

import pytest

from tests.system.ground import PROJECTS, RUNS, Ground
from tests.system.host import Host

TOKEN: Final = "sk-ant-oat01-hush"
SECRETS: Final = "/var/lib/pm-runner/secrets/prod"
GIT: Final = ("git", "-c", "user.name=anna", "-c", "user.email=anna@localhost")


@pytest.fixture(scope="module")
def ground(machine: Host) -> Iterator[Ground]:
    ground = Ground(machine)
    ground.begin()
    yield ground
    ground.end()


# Root needs none, and the host has none. It keeps the umask of careful people.
SUDO: Final = """\
umask 077
sudo() {
    if [ "$1" = -u ]; then runuser -u "$2" -- $(shift 2; echo "$@"); else "$@"; fi
}
"""


def pasted(machine: Host, hint: str) -> None:
    """Do what a hint says, as an operator who pastes it."""
    machine.run("sh", "-ec", SUDO + hint)


def succeeded(ground: Ground, run: str) -> bool:
    """Wait for the end of a run and tell whether it is a good one."""
    ended = ground.ended(run)
    assert (ended["outcome"], ended.get("reason", "")) == ("succeeded", "")
    return True


def refused(ground: Ground, *words: str, home: str = "/root") -> dict[str, Any]:
    """Have the client refused something, and return the error that it was told."""
    ctl = ("pmrunnerctl", "--env", "prod", "--json", *words)
    done = ground.machine.run(*ctl, check=False, env={"HOME": home})
    assert done.returncode != 0, done.stdout
    said: dict[str, Any] = json.loads((done.stdout + done.stderr).splitlines()[-1])
    return dict(said.get("error", said))


def test_what_a_person_has_at_home_is_a_project_once_what_is_said_was_pasted(
    ground: Ground,
) -> None:
    machine = ground.machine
    hanna = machine.user("hanna")
    home = f"/home/{hanna}/cake"
    machine.run("chmod", "0700", f"/home/{hanna}")
    machine.run("sh", "-c", f"umask 077; git init -q -b main {home}", user=hanna)
    machine.run(*GIT, "-C", home, "commit", "-q", "--allow-empty", "-m", "x", user=hanna)
    said = refused(ground, "project", "add", "home", home)
    assert "a run sees nothing in /home" in said["message"]

    pasted(machine, said["hint"])
    ground.ctl("project", "add", "home", home)
    run = ground.say("home", "mkdir -p layers; echo flour > layers/dough; id -un > who")
    assert succeeded(ground, run)

    # The person goes on with what the run has made, and the next run with theirs.
    script = (
        f"cd {home}; umask 077; echo sugar >> layers/dough; echo x > layers/own; rm who; git add -A"
    )
    machine.run("sh", "-ec", script, user=hanna)
    machine.run(*GIT, "-C", home, "commit", "-q", "-m", "By hand", user=hanna)
    again = ground.say("home", "cat layers/dough layers/own; echo eggs >> layers/own")
    assert succeeded(ground, again)
    assert ground.printed(again, "sugar")
    assert machine.run("git", "-C", home, "status", "--porcelain", user=hanna).stdout == ""
    log = machine.run("git", "-C", home, "log", "--format=%an", user=hanna).stdout.splitlines()
    assert len(log) == 4


def test_a_place_outside_of_the_roots_is_a_project_once_what_is_said_was_pasted(
    ground: Ground,
) -> None:
    machine = ground.machine
    path = "/data/tart"
    machine.run("git", "init", "-q", "-b", "main", path)
    machine.run(*GIT, "-C", path, "commit", "-q", "--allow-empty", "-m", "x")
    said = refused(ground, "project", "add", "tart", path)
    assert "it lies outside of where runs of prod may write" in said["message"]
    assert f"ReadWritePaths=-{path}" in said["hint"]

    pasted(machine, said["hint"])
    ground.ctl("project", "add", "tart", path)
    run = ground.say("tart", "echo flour > dough")
    assert succeeded(ground, run)


def test_a_login_is_where_only_runs_read_it_and_the_daemon_cannot(ground: Ground) -> None:
    machine = ground.machine
    machine.run("mkdir", "-p", "/tmp/home/.claude")
    own_login = '{"claudeAiOauth":{"accessToken":"hush","expiresAt":4000000000000}}'
    machine.run("tee", "/tmp/home/.claude/.credentials.json", input=own_login)
    own = refused(ground, "agent", "login", "--own", home="/tmp/home")
    assert "runs see nobody's home" in own["message"]
    assert "claude setup-token" in own["hint"]

    shown = ground.ctl("agent", "login", input=TOKEN)
    assert shown["login"] == "token"
    kept = machine.run("stat", "-c", "%U %a", f"{SECRETS}/claude.json").stdout.split()
    assert kept == ["pm-agent", "600"]
    assert TOKEN in machine.run("cat", f"{SECRETS}/claude.json", user="pm-agent").stdout
    for other in ("pm-runner-prod", "pm-runner-dev"):
        assert machine.run("cat", f"{SECRETS}/claude.json", user=other, check=False).returncode
    state = "/var/lib/pm-runner/state/prod"
    assert machine.run("grep", "-rq", TOKEN, state, RUNS, check=False).returncode == 1
    assert not [one for one in machine.journal() if TOKEN in str(one)]
    assert ground.ctl("agent", "logout").get("login", "") == ""


def test_a_task_that_a_person_s_change_holds_back_begins_once_that_is_away(ground: Ground) -> None:
    bun = ground.project("bun")
    file = f"{PROJECTS}/{bun}/mine"
    ground.machine.run("touch", file, user="pm-agent")
    sent = ("chat", "send", bun, "-")
    ground.ctl(*sent, input="```sh name=one\ntrue\n```\n")
    held = ground.machine.wait(
        lambda: [one for one in ground.ctl("inbox")["items"] if one["kind"] == "held"]
    )
    assert "mine" in str(held)
    first = ground.latest(bun)

    ground.machine.run("rm", file, user="pm-agent")
    assert succeeded(ground, ground.another(bun, first))


def test_what_a_run_left_that_was_killed_is_made_safe_before_git_comes(ground: Ground) -> None:
    roll = ground.project("roll")
    run = ground.say(roll, "git init -q within; mkfifo pipe; test -e .git/again || sleep 1000")
    within = ground.machine.root / f"{PROJECTS}/{roll}/pipe".lstrip("/")
    ground.machine.wait(within.exists)
    unit = f"pm-runner-run@prod-{run}.service"
    ground.machine.run("touch", f"{PROJECTS}/{roll}/.git/again", user="pm-agent")
    ground.machine.run("systemctl", "kill", "--signal=KILL", unit)

    ended = ground.ended(run)
    assert ended["outcome"] == "interrupted"
    # Nobody but the errand puts a repository aside; the daemon can write nothing there.
    aside = f"{PROJECTS}/{roll}/{ended['aside']}"
    assert "within" in ground.machine.run("find", aside, user="pm-agent").stdout
    assert ground.ended(ground.another(roll, run))["outcome"] in {"succeeded", "failed"}


def test_what_runs_left_goes_whatever_its_modes_are_and_nothing_of_errands_stays(
    ground: Ground,
) -> None:
    machine = ground.machine
    pie = ground.project("pie")
    run = ground.say(pie, "touch draft; exit 1")
    assert ground.ended(run)["outcome"] == "failed"
    ref = f"refs/pm-runner/runs/{run}"
    show = ("git", "-C", f"{PROJECTS}/{pie}", "for-each-ref", ref)
    assert machine.run(*show, user="pm-agent").stdout
    again = ground.say(pie, "true")
    assert succeeded(ground, again)
    shut = f"{RUNS}/{again}/agent/shut"
    script = f"mkdir -p {shut}/in; touch {shut}/in/file; chmod 0 {shut}/in {shut}"
    machine.run(
        "setpriv", "--reuid=pm-agent", "--regid=pm-agent", "--groups=pm-run", "sh", "-ec", script
    )
    old = "find {} -exec touch -h -d '400 days ago' {{}} +"
    machine.run("sh", "-ec", old.format(f"{RUNS}/{again}"))

    ground.drop_in("pm-runner@prod.service", _NONE_STAY)
    machine.run("systemctl", "restart", "pm-runner@prod.service")
    ground.ctl("run", "prune")

    directory = machine.root / f"{RUNS}/{again}".lstrip("/")
    machine.wait(lambda: not directory.exists())
    runs = machine.root / RUNS.lstrip("/")
    machine.wait(lambda: not [one.name for one in runs.iterdir() if not one.name.startswith("r")])
    assert ground.ctl("status")["confinement"] == "bubblewrap"
    leftovers = machine.run("sh", "-c", "ps -e -o user:20=,comm= | grep '^pm-agent' || true").stdout
    assert leftovers == ""


_NONE_STAY: Final = """\
[Service]
Environment=PMRUNNER_RUNS_MEMORY=0 PMRUNNER_DISK_RESERVE=0 PMRUNNER_RETENTION_LATEST=0
"""
