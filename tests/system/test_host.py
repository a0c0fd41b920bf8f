"""What a host is to a test: a machine of its own, with the disk and the systemd of this one."""

import itertools

import pytest

from tests.house.tree import ROOT
from tests.system.host import Host
from tests.system.limits import must_limit


def test_a_command_that_fails_is_told_with_all_that_it_said(bare: Host) -> None:
    with pytest.raises(
        AssertionError, match=r"(?s)systemctl start moon: 5.*moon\.service not found"
    ):
        bare.run("systemctl", "start", "moon")


def test_what_is_waited_for_in_vain_is_told(bare: Host) -> None:
    with pytest.raises(AssertionError, match=r"said False for 0\.1 seconds"):
        bare.wait(lambda: False, timeout=0.1)


def test_what_is_waited_for_is_asked_until_it_is_there(bare: Host) -> None:
    asked = itertools.count()

    assert bare.wait(lambda: next(asked) >= 3 and "it is there") == "it is there"
    assert next(asked) == 4


def test_nobody_can_be_somebody_who_is_not_there(bare: Host) -> None:
    with pytest.raises(AssertionError, match="there is no user moon"):
        bare.run("true", user="moon")


def test_a_person_has_a_home_and_groups_and_nothing_of_this_test_s_environment(
    bare: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "of the tests")
    name = bare.user("person", ["adm", "staff"])

    assert bare.run("id", "-nG", user=name).stdout.split() == ["person", "adm", "staff"]
    variables = bare.run("env", user=name, env={"KNOWN": "to it"}).stdout.splitlines()
    assert {"HOME=/home/person", "USER=person", "KNOWN=to it"} < set(variables)
    assert not [line for line in variables if "SECRET" in line]


def test_a_credential_is_delivered(bare: Host) -> None:
    bare.run("tee", "/etc/secret", input="it is delivered")

    said = bare.run(
        *("systemd-run", "--pipe", "--wait", "--quiet", "--property=DynamicUser=yes"),
        *("--property=LoadCredential=it:/etc/secret", "systemd-creds", "cat", "it"),
    )

    assert said.stdout == "it is delivered"


def test_a_unit_over_its_memory_is_killed(bare: Host) -> None:
    must_limit(bare, "memory")
    limited = ("systemd-run", "--pipe", "--wait", "--quiet", "--property=MemoryMax=20M")
    needs_more = ("python3", "-c", "print(len(bytearray(100_000_000)))")

    assert bare.run(*limited, *needs_more, check=False).returncode != 0
    assert bare.run(*limited, "python3", "-c", "print('less')").stdout == "less\n"


def test_a_unit_has_as_many_processes_as_it_may(bare: Host) -> None:
    must_limit(bare, "pids")
    limited = ("systemd-run", "--pipe", "--wait", "--quiet", "--property=TasksMax=1")

    said = bare.run(*limited, "python3", "-c", "import os; os.fork()", check=False)

    assert "BlockingIOError" in said.stderr


def test_what_polkit_does_not_allow_is_denied(bare: Host) -> None:
    start = ("systemctl", "--no-ask-password", "start", "systemd-tmpfiles-clean.service")

    said = bare.run(*start, user="nobody", check=False)

    assert said.returncode != 0
    assert "uthentication" in said.stderr or "denied" in said.stderr
    bare.run(*start)


def test_the_journal_has_what_was_said_a_moment_ago(bare: Host) -> None:
    bare.run("systemd-cat", "--identifier=test", "echo", "it was said")

    assert [entry["MESSAGE"] for entry in bare.journal("--identifier=test")] == ["it was said"]


def test_a_process_of_the_host_is_killed_by_its_pid_in_there(bare: Host) -> None:
    bare.run("systemd-run", "--unit=sleeper", "sleep", "infinity")
    pid = int(bare.run("systemctl", "show", "-P", "MainPID", "sleeper").stdout)

    bare.kill(pid)

    bare.wait(lambda: bare.run("systemctl", "is-failed", "sleeper", check=False).returncode == 0)
    bare.run("systemctl", "reset-failed", "sleeper")


@pytest.mark.usefixtures("boots")
def test_the_checkout_is_there_and_what_is_written_to_it_stays_there(bare: Host) -> None:
    bare.run("touch", ROOT / "written-in-there")

    assert (bare.root / ROOT.relative_to("/") / "written-in-there").exists()
    assert not (ROOT / "written-in-there").exists()


@pytest.mark.usefixtures("boots")
def test_its_temporary_directory_is_its_own(bare: Host) -> None:
    bare.run("touch", "/tmp/of-the-host")

    assert bare.run("ls", "--almost-all", "/tmp").stdout.split().count("of-the-host") == 1
    assert "pytest-of-root" not in bare.run("ls", "/tmp").stdout
