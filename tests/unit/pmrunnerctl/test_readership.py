import os
import subprocess
import sys
from pathlib import Path

import pytest

from pmrunnerctl import readership
from tests.house.tree import ROOT

FOLLOWS = """
import subprocess
from pmrunnerctl import readership
child = subprocess.Popen(["sh", "-c", "echo said; exec sleep 60"], stdout=subprocess.PIPE)
try:
    for line in readership.lines(child.stdout):
        print(line.decode(), flush=True)
finally:
    child.kill()
    child.wait()
"""


def test_who_has_gone_is_waited_for_no_longer_though_nothing_more_is_said() -> None:
    argv = [sys.executable, "-P", "-c", FOLLOWS]
    with subprocess.Popen(
        argv, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=-1, stderr=-1, text=True
    ) as following:
        assert following.stdout is not None
        assert following.stderr is not None
        assert following.stdout.readline() == "said\n"
        following.stdout.close()
        assert "BrokenPipeError" in following.stderr.read()


@pytest.mark.parametrize(
    ("said", "lines"),
    [
        (b"", []),
        (b"one\n\ntwo\n", [b"one", b"", b"two"]),
        (b"no end", [b"no end"]),
        (b"x" * 200_000 + b"\nlast\n", [b"x" * 200_000, b"last"]),
    ],
    ids=["nothing", "three", "no end", "a long one"],
)
def test_what_is_said_comes_line_by_line(tmp_path: Path, said: bytes, lines: list[bytes]) -> None:
    (tmp_path / "said").write_bytes(said)
    with subprocess.Popen(["cat", tmp_path / "said"], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert list(readership.lines(child.stdout)) == lines
