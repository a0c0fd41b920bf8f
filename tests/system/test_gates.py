"""Gates as units of a real systemd: what is believed of them, and what they cannot do."""

import pytest

from tests.system.host import Host
from tests.system.limits import must_limit
from tests.system.trials import GATES, RECORDS, Trials

HIDDEN = (
    "/var/lib/pm-runner /run/pm-runner /run/dbus /srv /opt /home /root /run/systemd /etc/shadow"
)


@pytest.fixture(scope="module")
def trials(machine: Host) -> Trials:
    return Trials(machine)


def test_how_a_gate_ended_is_what_systemd_says_and_nothing_that_it_says_itself(
    trials: Trials,
) -> None:
    statuses = {
        "true": "0",
        "echo 1000 passed; exit 3": "3",
        "echo '[FAIL] NOT ALL PASS'": "0",
        "false | true": "1",
        "kill -KILL $$": "137",
        "no-such-program || exit 4": "4",
    }
    for record, (command, status) in zip(trials.all(*statuses), statuses.items(), strict=True):
        assert (record["code"], record["status"]) == ("exited", status), command
        assert record["by"] == "pm-runner-gate"
        assert record["spec"]["command"] == command
        assert record["altered"] == []
    assert "no-such-program: command not found" in trials.log(record)


def test_what_it_used_and_how_long_it_took_is_written_down(trials: Trials) -> None:
    must_limit(trials.machine, "memory")
    record = trials.try_(
        "python3 -c 'x = bytearray(64 << 20); import time; until = time.process_time() + 0.3\n"
        "while time.process_time() < until: pass'"
    )
    assert record["used"]["cpu_seconds"] > 0.3
    assert record["used"]["peak_memory"] > 64 << 20
    assert 0.3 < record["seconds"] < 30
    # Of it alone, and not of all that the machine does.
    idle = trials.try_("true")["used"]
    assert idle["cpu_seconds"] < record["used"]["cpu_seconds"] < 30
    assert idle["peak_memory"] < record["used"]["peak_memory"]


def test_it_sees_its_own_trees_and_writes_its_own_copy_alone(trials: Trials) -> None:
    build = trials.tree(main_py="print(1)")
    record = trials.try_(
        f"""\
        cat hello.txt; cat "$PMRUNNER_BUILT/main.py"; echo {{$PMRUNNER_PREPARED}} $HOME
        echo more > more.txt; echo changed > hello.txt; touch "$HOME/a" /tmp/b /var/tmp/c
        ! touch "$PMRUNNER_BUILT/x"; ! touch /usr/x; ! touch /etc/x; ! touch /x; ! touch /run/x
        for path in {HIDDEN}; do ! ls $path/* 2>&1 || echo SEEN $path; done
        """,
        build=build,
    )
    said = trials.log(record)
    assert record["status"] == "0", said
    assert record["altered"] == []
    assert "helloprint(1){} /run/gate/home" in said
    assert "SEEN" not in said


def test_it_cannot_kill_another_gate_nor_see_it(trials: Trials) -> None:
    other = trials.make("echo up; exec sleep 1000")
    trials.start(other)
    log = trials.machine.root / f"{GATES}/prod/{other}/log".lstrip("/")
    trials.machine.wait(lambda: "up" in log.read_text())
    record = trials.try_(
        "sleep 1000 & trap '' TERM; ls /proc | grep -c '^[0-9]'; kill -KILL -1 || kill -KILL $!; wait $! || echo $?"
    )
    assert "137" in trials.log(record)
    pid = trials.machine.run("systemctl", "show", "-P", "MainPID", trials.unit(other)).stdout
    assert int(pid) > 0
    trials.machine.run("systemctl", "stop", trials.unit(other), user=trials.daemon)
    ended = trials.record(other)
    assert (ended["code"], ended["status"]) == ("killed", "KILL")


def test_nothing_of_it_outlives_it(trials: Trials) -> None:
    record = trials.try_(
        "setsid sleep 12345 & (setsid sh -c 'sleep 12345 & sleep 12345' &) ; disown -a; pgrep -c sleep"
    )
    assert record["status"] == "0"
    assert int(trials.log(record)) >= 1
    assert trials.machine.run("pgrep", "-f", "sleep 12345", check=False).stdout == ""


def test_one_that_closes_its_output_is_waited_for(trials: Trials) -> None:
    record = trials.try_("exec >/dev/null 2>&1 <&-; exec 1>&- 2>&-; sleep 0.3; exit 5")
    assert record["status"] == "5"


def test_it_reaches_no_port_of_this_machine(machine: Host) -> None:
    trials = Trials(machine, "dev")  # prod's daemon, once it is up, lets go of prod's trees
    machine.run("systemctl", "start", "pm-runner@prod")
    knock = "exec 3<>/dev/tcp/127.0.0.1/3502"
    machine.wait(lambda: machine.run("bash", "-c", knock, check=False).returncode == 0)
    record = trials.try_(knock)
    assert record["status"] == "1"
    assert "refused" in trials.log(record)
    bound = "import socket; s = socket.create_server(('127.0.0.1', 3502)); socket.create_connection(('127.0.0.1', 3502))"
    own = trials.try_(f'python3 -c "{bound}"')
    assert own["status"] == "0", trials.log(own)
    # Its packets are dropped: nobody is there to refuse them.
    name = trials.make(f"timeout 1 bash -c '{knock}'", network=True)
    trials.start(name, "gatenet")
    assert trials.record(name)["status"] in {"1", "124"}


def test_a_network_is_for_those_that_declare_it(trials: Trials) -> None:
    for network, kind in ((True, "gate"), (False, "gatenet")):
        name = trials.make("true", network=network)
        trials.start(name, kind)
        assert trials.record(name)["status"] == "250"


def test_it_cannot_write_its_own_record(trials: Trials) -> None:
    name = trials.make(
        f"""\
        for at in {RECORDS}/prod/gates {GATES}/prod/* .. . /tmp "$HOME"; do
            echo '{{"code": "exited", "status": "0"}}' > $at/record.json || true
            echo '{{"kind": "ended"}}' > $at/told.json || true
        done
        exit 9
        """
    )
    trials.start(name)
    assert trials.record(name)["status"] == "9"
    kept = trials.machine.run("find", RECORDS, f"{GATES}/prod", "-name", "record.json").stdout
    assert kept == ""


def test_one_that_takes_too_long_is_ended_and_that_is_told(trials: Trials) -> None:
    record = trials.try_("trap '' TERM INT; while true; do sleep 1000; done", timeout=0.3)
    assert record["status"] == "251"
    told = trials.machine.run("cat", f"{GATES}/prod/{record['name']}/told.json").stdout
    assert "longer than 0.3 s" in told


def test_one_that_meets_its_limit_of_memory_fails(trials: Trials) -> None:
    must_limit(trials.machine, "memory")
    name = trials.make("python3 -c 'x = bytearray(256 << 20)'")
    trials.more(name, "MemoryMax=96M")
    trials.start(name)
    record = trials.record(name)
    assert (record["code"], record["status"]) != ("exited", "0")
    assert record["result"] == "oom-kill" or record["used"]["memory_kills"]


def test_one_that_fills_all_it_has_fills_nobody_else_s_disk(trials: Trials) -> None:
    record = trials.try_("fallocate --length 3G big")
    assert record["status"] != "0"
    assert "No space left" in trials.log(record) or record["used"]["memory_kills"]


def test_one_whose_words_find_no_room_has_shown_nothing(trials: Trials) -> None:
    name = trials.make("seq 100000")
    directory = f"{GATES}/prod/{name}"
    machine = trials.machine
    spec = machine.run("cat", f"{directory}/spec.json").stdout
    mount = "size=16k,mode=0770,uid=pm-runner-prod,gid=pm-gate"
    machine.run("mount", "-t", "tmpfs", "-o", mount, "tmpfs", directory)
    try:
        fill = (
            f"cd {directory}; umask 007; touch log junit.xml told.json; umask 027; cat > spec.json"
        )
        machine.run("sh", "-c", fill, user=trials.daemon, input=spec)
        trials.start(name)
        assert trials.record(name)["status"] == "250"
    finally:
        machine.run("umount", "--lazy", directory)


def test_what_it_says_is_kept_from_its_beginning_and_its_end(trials: Trials) -> None:
    record = trials.try_("echo first; head -c 20000000 /dev/zero | tr '\\0' x; echo last")
    assert record["status"] == "0"
    assert record["log_bytes"] < 10 << 20
    said = trials.log(record)
    assert said.startswith("first\n")
    assert said.endswith("last\n")
    assert "bytes are left out here" in said


def test_its_counts_of_tests_are_taken_through_no_link(trials: Trials) -> None:
    there = {
        "mkdir out; echo '<testsuite/>' > out/junit.xml": True,
        "mkdir out; ln -s /etc/hostname out/junit.xml": False,
        "ln -s /etc out": False,
        "mkdir -p out/junit.xml": False,
        "mkdir out; mkfifo out/junit.xml": False,
        "mkdir out; truncate -s 100M out/junit.xml": False,
    }
    records = trials.all(*there, tests="out/junit.xml")
    for record, (command, wanted) in zip(records, there.items(), strict=True):
        assert record["status"] == "0", command
        file = trials.machine.root / f"{GATES}/prod/{record['name']}/junit.xml".lstrip("/")
        assert bool(file.stat().st_size) == wanted, command


def test_what_is_prepared_is_root_s_afterwards_and_no_gate_changes_it(trials: Trials) -> None:
    digest, place = "a" * 64, "/var/lib/pm-runner/prepared/prod"
    name = trials.make(
        "cd $PMRUNNER_PREPARED; mkdir -p bin; cp /bin/true bin/tool; chmod 4777 bin/tool || chmod 777 bin/tool;"
        " ln -s /etc/shadow link",
        prepares=digest,
        network=True,
    )
    trials.start(name, "prepare")
    assert trials.record(name)["status"] == "0", trials.log(trials.record(name))
    said = trials.machine.run("find", place, "-mindepth", "1", "-printf", "%P %u %m\\n").stdout
    assert f"{digest}/bin/tool root 755\n" in said
    assert f"{digest}/link root 777\n" in said
    linked = trials.machine.run("stat", "-c", "%U %a", "/etc/shadow").stdout
    assert linked in {"root 640\n", "root 600\n"}
    record = trials.try_(
        "$PMRUNNER_PREPARED/bin/tool; ! touch $PMRUNNER_PREPARED/x; ! cat $PMRUNNER_PREPARED/link",
        prepared=digest,
    )
    assert record["status"] == "0", trials.log(record)
    for needed, other in ((True, "c" * 64), (False, "d" * 64)):
        trials.machine.run("touch", "--date=@1000000000", f"{place}/{digest}")
        if needed:
            trials.try_("true", prepared=digest)
        trials.start(name := trials.make("true", prepares=other, network=True), "prepare")
        trials.record(name)
        assert (digest in trials.machine.run("ls", place).stdout) is needed


def test_what_is_no_tree_is_not_kept(trials: Trials) -> None:
    digest, place = "b" * 64, "/var/lib/pm-runner/prepared/prod"
    for command, why in (
        ("mkfifo $PMRUNNER_PREPARED/pipe", "neither a file nor a link"),
        ("exit 3", None),
    ):
        name = trials.make(command, prepares=digest, network=True)
        trials.start(name, "prepare")
        record = trials.record(name)
        assert (why is None) == ("refused" not in record)
        assert why is None or why in record["refused"]
        there = trials.machine.run("find", place, "-name", f"*{digest}*", "-o", "-name", ".g*")
        assert there.stdout == ""
