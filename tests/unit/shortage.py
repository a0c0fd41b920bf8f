"""What a machine does not give now, asked of the real kernel."""

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRIVATE = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"])]


@contextmanager
def no_descriptors() -> Iterator[None]:
    """Let nothing be opened in this process inside the block: EMFILE."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@contextmanager
def no_file_longer_than(size: int) -> Iterator[None]:
    """Let no file become longer inside the block, in bytes: EFBIG."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def on_a_disk(options: str, code: str, *words: str) -> list[str]:
    """Run Python where /mnt is a tmpfs of its own, for as long as it runs; return what it printed."""
    script = 'mount -t tmpfs -o "$1" none /mnt && shift && exec "$@"'
    done = subprocess.run(
        [*PRIVATE, "sh", "-c", script, "sh", options, sys.executable, "-c", code, *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    if done.stderr.startswith(("mount", "unshare")):
        pytest.skip("a private mount namespace is not allowed here")
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()
