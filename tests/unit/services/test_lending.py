"""What nobody else may read is in files without a name."""

import asyncio
import contextlib
import os
from pathlib import Path

import pytest

from pmrunnerd.services import lending
from pmrunnerd.services.cell import Reach
from pmrunnerd.services.outcome import Exited, collect
from tests.unit.services.parts import ENVIRONMENT, confined, needs_sandbox


def test_each_secret_has_a_file_that_is_read_from_its_beginning() -> None:
    with lending.secrets((("A", "ä"), ("B", ""))) as files:
        read = {name: os.read(int(number), 100).decode() for name, number in files.items()}

    assert read == {"A": "ä", "B": ""}
    for number in files.values():
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(int(number))


def test_variables_are_words_that_each_end() -> None:
    with lending.variables(
        {"A": "b c", "EMPTY": "", "BYTES": "\udcff", "LONG": "x" * 200_000}
    ) as file:
        words = os.read(file, 1 << 20).split(b"\0")

    assert words[:9] == [
        *(b"--setenv", b"A", b"b c"),
        *(b"--setenv", b"EMPTY", b""),
        *(b"--setenv", b"BYTES", b"\xff"),
    ]
    assert words[9:] == [b"--setenv", b"LONG", b"x" * 200_000, b""]


def command_lines() -> list[str]:
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            lines.append(path.read_bytes().decode(errors="replace"))
    return lines


@needs_sandbox
def test_a_command_has_its_variables_and_no_command_line_has_them(tmp_path: Path) -> None:
    given = ENVIRONMENT | {"HTTPS_PROXY": "http://me:hunter2@proxy", "EMPTY": ""}
    lines: list[str] = []

    async def run() -> bytes:
        script = 'echo up; read -r go; echo "$HTTPS_PROXY${EMPTY-none}"'
        running = await confined(tmp_path).start(["sh", "-c", script], given, Reach(talks=True))
        assert running.stdin is not None
        assert await asyncio.to_thread(os.read, running.stdout, 10) == b"up\n"
        lines.extend(await asyncio.to_thread(command_lines))
        os.write(running.stdin, b"go\n")
        os.close(running.stdin)
        outcome = await collect(running, total=60, limit=1000)
        assert isinstance(outcome, Exited)
        return outcome.out

    assert asyncio.run(run()) == b"http://me:hunter2@proxy\n"
    assert any("echo up; read -r go" in line for line in lines)
    assert not [line for line in lines if "hunter2" in line]
