"""Repositories that say what none should, and what is brought of one, by real git and nothing else."""

import os
import subprocess
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import cast

from pmrunnerd.model.source import Wanted
from pmrunnerd.services.git import BASH
from pmrunnerd.services.source import sending
from tests.unit.services.parts import git

Entry = tuple[str, str | bytes, str]


def empty(path: Path, algorithm: str = "sha1") -> Path:
    """Make a repository without a commit."""
    path.mkdir(parents=True)
    git(path, "init", "--quiet", "--initial-branch=main", f"--object-format={algorithm}")
    return path


def store(here: Path, kind: str, content: bytes) -> str:
    """Put an object into a repository, whatever it is, and return its id."""
    words = ["git", "hash-object", "-t", kind, "-w", "--stdin", "--literally"]
    done = subprocess.run(words, cwd=here, input=content, capture_output=True, check=True)
    return done.stdout.decode().strip()


def tree(here: Path, *entries: Entry) -> str:
    """Put a tree into a repository: modes, names and ids, as they are and in that order."""
    return store(
        here,
        "tree",
        b"".join(
            b"%s %s\0%s"
            % (mode.encode(), name if isinstance(name, bytes) else name.encode(), bytes.fromhex(id))
            for mode, name, id in entries
        ),
    )


def commit(here: Path, tree: str, *parents: str, message: str = "x") -> str:
    """Put a commit of a tree into a repository, on branch `main`."""
    before = [word for parent in parents for word in ("-p", parent)]
    made = git(here, "commit-tree", "-m", message, *before, tree).strip()
    git(here, "update-ref", "refs/heads/main", made)
    return made


def of(here: Path, *entries: tuple[str, str | bytes, bytes]) -> str:
    """Put a commit of these files into a repository: modes, names and contents."""
    return commit(
        here, tree(here, *((mode, name, store(here, "blob", text)) for mode, name, text in entries))
    )


def imported(here: Path, *paths: str) -> str:
    """Put a commit of files into a repository, however deep and many; their content is `deep`."""
    files = "".join(f'M 100644 inline "{path}"\ndata 4\ndeep\n' for path in paths)
    said = f"commit refs/heads/new\ncommitter A <a@b> 0 +0000\ndata 0\ndeleteall\n{files}\n"
    words = ["git", "fast-import", "--quiet", "--force", "--date-format=raw"]
    subprocess.run(words, cwd=here, input=said.encode(), capture_output=True, check=True)
    made = git(here, "rev-parse", "refs/heads/new").strip()
    git(here, "update-ref", "-d", "refs/heads/new")
    return made


def brought(here: Path, commit: str, wanted: Wanted = Wanted.TREE, base: str = "") -> bytes:
    """Return what is brought of a repository, by git as it is and in no cell."""
    words = [*BASH, sending._SCRIPTS[wanted], "bash", "git"]
    env = {"PATH": os.environ["PATH"], "COMMIT": commit, "BASE": base or commit}
    done = subprocess.run(words, cwd=here, env=env, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def reader(data: bytes) -> BufferedReader:
    """Return what was brought as the file that it comes in."""
    return BufferedReader(cast("BufferedReader", BytesIO(data)))
