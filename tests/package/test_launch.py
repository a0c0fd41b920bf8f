"""The launcher, on releases that are made by hand: what it runs, and what it refuses to."""

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.house.tree import ROOT

SOABI = subprocess.run(
    ["/usr/bin/python3", "-c", "import sysconfig; print(sysconfig.get_config_var('SOABI'))"],
    capture_output=True,
    text=True,
    check=True,
).stdout.strip()
# What a release has in the place of a program: it says how it was called and where it came from.
PROGRAM = """
import json, os, sys
def main(*words):
    print(json.dumps({"argv": sys.argv, "file": __file__, "path": sys.path, "env": dict(os.environ)}))
"""
MOST = 150
HINT = "  hint: sudo /usr/lib/pm-runner/release-zero   # builds the release of the package\n"


class Tree:
    """A root with releases in it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def release(self, environment: str, name: str = "1-a", **facts: Any) -> Path:
        """Add a release and have `dist` point to it."""
        home = self.root / "opt/pm-runner" / environment
        lib = home / "releases" / name / "lib"
        programs = ("pmrunnerd/main.py", "pmrunnerctl/__main__.py")
        for program in programs:
            (lib / program).parent.mkdir(parents=True)
            (lib / program).write_text(PROGRAM)
            (lib / program).with_name("__init__.py").touch()
        about = {"python": "3", "soabi": SOABI, "tree": "", "files": 4, "bytes": 2 * len(PROGRAM)}
        (lib.parent / "release.json").write_text(json.dumps(about | facts))
        (home / "dist").symlink_to(Path("releases", name))
        return lib.parent

    def launch(
        self, *words: str, cwd: Path | None = None, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [ROOT / "packaging/launch", "--root", self.root, *words],
            capture_output=True,
            text=True,
            check=False,
            cwd=cwd,
            env={"PATH": os.defpath} | variables,
        )

    def launched(self, *words: str, cwd: Path | None = None, **variables: str) -> dict[str, Any]:
        done = self.launch(*words, cwd=cwd, **variables)
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


def must_refuse(done: subprocess.CompletedProcess[str], why: str) -> None:
    assert done.returncode == 78
    assert done.stdout == ""
    assert why in done.stderr
    assert done.stderr.startswith("pm-runner: cannot run pm-runner of prod: ")
    assert done.stderr.endswith(HINT)


def test_where_there_is_no_release_it_says_so(tree: Tree) -> None:
    must_refuse(tree.launch("daemon", "prod"), "there is no release: ")
    must_refuse(tree.launch("ctl", "status"), "there is no release: ")


def test_a_release_of_another_python_is_refused_before_anything_of_it_runs(tree: Tree) -> None:
    tree.release("prod", soabi="cpython-39-x86_64-linux-gnu", python="3.9.2")

    must_refuse(
        tree.launch("daemon", "prod"),
        "is built for Python 3.9.2 (cpython-39-x86_64-linux-gnu), and ",
    )
    must_refuse(tree.launch("ctl", "status"), f"({SOABI})")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"soabi": "x"}'])
def test_a_release_that_cannot_say_what_it_is_is_damaged(tree: Tree, text: str) -> None:
    (tree.release("prod") / "release.json").write_text(text)

    must_refuse(tree.launch("daemon", "prod"), "the release is damaged: ")


def test_a_release_that_lost_a_file_or_a_byte_starts_no_daemon(tree: Tree) -> None:
    release = tree.release("prod")
    (release / "lib/pmrunnerctl/__init__.py").unlink()

    must_refuse(tree.launch("daemon", "prod"), "has 3 files of ")

    (release / "lib/pmrunnerctl/__init__.py").write_text("#")

    must_refuse(tree.launch("daemon", "prod"), "has 4 files of ")


def test_a_release_that_cannot_be_imported_is_damaged(tree: Tree) -> None:
    release = tree.release("prod")
    (release / "lib/pmrunnerctl/__main__.py").write_text("import no_such_module\n")

    must_refuse(tree.launch("ctl", "status"), "pmrunnerctl.__main__: No module named 'no_such_")


def test_one_byte_that_is_another_is_found_by_whoever_asks(tree: Tree) -> None:
    tree.release("prod")

    must_refuse(tree.launch("verify", "prod"), "is not what was built")


@pytest.mark.parametrize(
    "words", [(), ("daemon",), ("daemon", "../x"), ("daemon", "PROD"), ("run", "prod"), ("go",)]
)
def test_what_it_does_not_know_it_does_not_do(tree: Tree, words: tuple[str, ...]) -> None:
    done = tree.launch(*words)

    assert (done.returncode, done.stdout) == (2, "")
    assert "launch daemon ENV" in done.stderr
    assert "launch run ENV-RUN" in done.stderr


def test_a_daemon_is_of_the_release_that_dist_points_to(tree: Tree) -> None:
    tree.release("prod", "1-a")
    other = tree.release("dev", "2-b")

    said = tree.launched("daemon", "dev", "--host", "systemd")

    assert said["argv"] == ["pmrunnerd", "--env", "dev", "--host", "systemd"]
    assert said["file"] == str(other / "lib/pmrunnerd/main.py")
    assert said["path"][0] == str(other / "lib")


def test_people_run_what_is_prod_s_whomever_they_talk_to(tree: Tree) -> None:
    release = tree.release("prod")
    tree.release("dev", "2-b")

    said = tree.launched("ctl", "--env", "dev", "status")

    assert said["file"] == str(release / "lib/pmrunnerctl/__main__.py")
    assert said["argv"] == ["/usr/bin/pmrunnerctl", "--env", "dev", "status"]
    assert tree.launched("pmrunnerd", "--help")["file"].startswith(str(release))


def test_prod_is_meant_where_nothing_else_is_said(tree: Tree) -> None:
    tree.release("prod")

    assert tree.launched("ctl")["env"]["PMRUNNER_ENV"] == "prod"
    assert tree.launched("ctl", PMRUNNER_ENV="dev")["env"]["PMRUNNER_ENV"] == "dev"


def test_nothing_beside_the_release_is_imported(tree: Tree, tmp_path: Path) -> None:
    release = tree.release("prod")
    theirs = tmp_path / "theirs"
    shutil.copytree(release / "lib", theirs)
    (theirs / "json.py").write_text("raise SystemExit('theirs')\n")

    said = tree.launched("ctl", cwd=theirs, PYTHONPATH=str(theirs), PYTHONSTARTUP=str(theirs))

    assert said["file"].startswith(str(release))
    assert not any("theirs" in path or "dist-packages" in path for path in said["path"])


def test_a_notification_is_sent_by_its_own_environment_s_release(tree: Tree) -> None:
    tree.release("prod")
    lib = tree.release("dev") / "lib"
    program = lib / "pmrunnerd/notify/__main__.py"
    program.parent.mkdir()
    program.with_name("__init__.py").touch()
    program.write_text('def main(words):\n    print(__file__, *words, end="")\n')

    done = tree.launch("notify", "dev-3fa9c1")

    said = f"{program.resolve()} {tree.root}/run/pm-runner-notify/dev/3fa9c1"
    assert (done.returncode, done.stdout, done.stderr) == (0, said, "")
    for wrong in ("dev", "Dev-1", "dev-../prod/1", "dev-"):
        assert tree.launch("notify", wrong).returncode == 2


def lines_of(name: str) -> int:
    """Return how many lines do something: blank ones, comments and docstrings do not."""
    text = (ROOT / "packaging" / name).read_text()
    said = {
        line
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node)
        for line in range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1)
    }
    lines = enumerate(text.splitlines(), 1)
    return sum(
        1
        for number, line in lines
        if line.strip(" #") and line.lstrip()[0] != "#" and number not in said
    )


def test_what_root_runs_at_each_start_is_short_and_imports_nothing_but_python_s() -> None:
    assert lines_of("launch") + lines_of("trial.py") <= MOST
    imported = {
        name.partition(".")[0]
        for node in ast.walk(ast.parse((ROOT / "packaging/trial.py").read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [one.name for one in node.names]
        )
    }
    assert imported <= sys.stdlib_module_names
