"""Real processes and a real kernel: killed, without room, and with a disk that fails to sync."""

import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.store.parts import opened

ROOT = Path(__file__).parents[2]


def writing(directory: Path, count: int, *options: str) -> list[str]:
    return [sys.executable, "-m", "tests.crash.writing", str(directory), str(count), *options]


def acknowledged(output: str) -> list[int]:
    """Return the numbers of what was acknowledged; a line that was cut off was not seen."""
    whole = output[: output.rfind("\n") + 1]
    return [int(line.split()[1]) for line in whole.splitlines() if line.startswith("ok ")]


def messages(directory: Path) -> list[int]:
    with opened(directory) as store:
        return [int(name[1:]) for name in store.state.messages]


def test_kill_at_any_moment_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    chance = random.Random(2)
    for _ in range(6):
        with subprocess.Popen(
            writing(tmp_path, 10**6), cwd=ROOT, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            seen = [process.stdout.readline() for _ in range(chance.randint(1, 300))]
            process.send_signal(signal.SIGKILL)
            output = "".join(seen) + process.stdout.read()
        said = acknowledged(output)
        found = messages(tmp_path)
        assert found == list(range(1, len(found) + 1)), "each once, in order"
        assert said[-1] <= len(found) <= said[-1] + 1, "and at most one more was on its way"


def test_a_file_that_may_not_grow_refuses_what_does_not_fit(tmp_path: Path) -> None:
    limited = subprocess.run(
        writing(tmp_path, 100, "--limit", "20000"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert limited.returncode == 0, limited.stderr
    said = acknowledged(limited.stdout)
    assert f"no {said[-1] + 1} cannot record in {tmp_path}" in limited.stdout
    assert "File too large" in limited.stdout
    assert messages(tmp_path) == said
    assert not (tmp_path / "set-aside").exists(), "no half line was left"
    subprocess.run(writing(tmp_path, 100), cwd=ROOT, check=True, capture_output=True)
    assert messages(tmp_path) == list(range(1, 101))


FULL_DISK = """
set -eu
disk=$1; shift
mount -t tmpfs -o size=128k,mode=700 none "$disk"
head -c 60000 /dev/zero > "$disk/ballast"
"$@"
echo '--- room again'
rm "$disk/ballast"
"$@"
cp -r "$disk/state" "$OUT"
"""


def test_a_full_disk_refuses_and_works_again_when_there_is_room(tmp_path: Path) -> None:
    disk, out = tmp_path / "disk", tmp_path / "out"
    disk.mkdir()
    if not _may_mount(disk):
        pytest.skip("a private mount namespace is not allowed here")
    script = [*_private(), "sh", "-c", FULL_DISK, "sh", str(disk)]
    ran = subprocess.run(
        [*script, *writing(disk / "state", 90)],
        cwd=ROOT,
        env={**os.environ, "OUT": str(out)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr
    full, _, again = ran.stdout.partition("--- room again\n")
    said = acknowledged(full)
    assert 1 <= len(said) < 90
    assert "No space left on device" in full
    assert acknowledged(again) == list(range(len(said) + 1, 91))
    assert messages(out) == list(range(1, 91))
    assert not (out / "set-aside").exists(), "no half line was left"


def _private() -> list[str]:
    return ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"])]


def _may_mount(directory: Path) -> bool:
    if shutil.which("unshare") is None:
        return False
    command = [*_private(), "mount", "-t", "tmpfs", "none", str(directory)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("failing", [2, 3, 8])
def test_a_sync_that_fails_ends_the_process_and_nothing_acknowledged_is_lost(
    tmp_path: Path, failing: int
) -> None:
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    trace = tmp_path / "trace"
    # strace counts by thread: the one that opens syncs once, the writer's first is the project.
    inject = ["-e", "trace=fdatasync", "-e", f"inject=fdatasync:error=EIO:when={failing}"]
    ran = subprocess.run(
        ["strace", "-f", "-qq", "-o", str(trace), *inject, *writing(tmp_path / "state", 50)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    before, injected, after = (
        trace.read_text().partition("INJECTED") if trace.exists() else ("",) * 3
    )
    if "fdatasync" not in before:
        pytest.skip(f"strace may not trace here: {ran.stderr.strip()}")

    assert ran.returncode == 74, ran.stderr
    assert injected
    assert "fdatasync" not in after, "it never asked again"
    said = acknowledged(ran.stdout)
    assert len(said) == failing - 2
    assert set(said) <= set(messages(tmp_path / "state"))
