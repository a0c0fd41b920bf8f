import asyncio
import os
from pathlib import Path

import pytest

from pmrunnerd.services import process
from pmrunnerd.services.outcome import Exited
from tests.unit.services.parts import ENVIRONMENT, eventually


def test_a_helper_gets_its_input_directory_and_environment_and_no_more(tmp_path: Path) -> None:
    done = asyncio.run(
        process.run(
            ["sh", "-c", "cat; pwd; env"],
            cwd=tmp_path,
            env={"ONLY": "this"},
            input=b"given\n",
            total=30,
            limit=10_000,
        )
    )

    assert isinstance(done, Exited)
    given, directory, *variables = done.out.decode().splitlines()
    assert (given, directory) == ("given", str(tmp_path))
    assert set(variables) - {"SHLVL=0", "_=/usr/bin/env"} == {"ONLY=this", f"PWD={tmp_path}"}


def test_words_are_words_and_never_a_shell_s_business(tmp_path: Path) -> None:
    words = ["$(touch x)", "; touch x", "*", "a b"]
    done = asyncio.run(
        process.run(["printf", "%s|", *words], cwd=tmp_path, env=ENVIRONMENT, total=30, limit=1000)
    )

    assert done == Exited(0, ("|".join(words) + "|").encode(), b"")
    assert list(tmp_path.iterdir()) == []


def test_a_program_that_is_not_there_is_status_127_as_in_a_shell() -> None:
    done = asyncio.run(
        process.run(["/no/such"], cwd=Path("/"), env=ENVIRONMENT, total=30, limit=1000)
    )

    assert done == Exited(127, b"", b"cannot start /no/such: No such file or directory")


def test_a_helper_has_a_session_of_its_own_and_no_descriptor_of_ours(tmp_path: Path) -> None:
    with (tmp_path / "ours").open("w") as ours:
        os.set_inheritable(ours.fileno(), True)
        done = asyncio.run(
            process.run(
                ["sh", "-c", "echo $$ $(cut -d' ' -f6 /proc/$$/stat); ls /proc/$$/fd"],
                cwd=tmp_path,
                env=ENVIRONMENT,
                total=30,
                limit=1000,
            )
        )

    assert isinstance(done, Exited)
    first, *files = done.out.decode().split("\n")
    pid, session = first.split()
    assert pid == session != str(os.getsid(0))
    assert not set(files) - {"0", "1", "2", "3", ""}


def test_a_detached_process_is_nobody_s_child_and_writes_to_its_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    script = "echo $PPID $(cut -d' ' -f6 /proc/$$/stat) $$; cat; env | sort; exit 5"
    process.spawn_detached(
        ["sh", "-c", script], pass_fds=(), log=log, cwd=tmp_path, env={"ONLY": "this"}
    )
    eventually(lambda: "PWD" in log.read_text())

    said = log.read_text().splitlines()
    parent, session, pid = said[0].split()
    assert session != str(os.getsid(0))
    assert parent != str(os.getpid()) or session != pid
    assert "ONLY=this" in said
    assert not any(line.startswith("HOME=") for line in said)


def test_a_log_is_never_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "log").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(OSError, match="symbolic links"):
        process.spawn_detached(
            ["true"], pass_fds=(), log=tmp_path / "log", cwd=tmp_path, env=ENVIRONMENT
        )
    assert not (tmp_path / "elsewhere").exists()
