import json
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from pmrunnerd.services import parcel


def _run(package: str, *words: str) -> subprocess.CompletedProcess[str]:
    with parcel.packed(import_module(package)) as file:
        argv = parcel.command(file, *words)
        return subprocess.run(
            argv, capture_output=True, text=True, check=False, pass_fds=(file,), cwd="/"
        )


@pytest.fixture
def planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a package's directory that python finds here, and nowhere else."""
    package = tmp_path / "pmr_planted"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "deeper.py").write_text('def fail():\n    raise RuntimeError("deep")\n')
    (package / "__main__.py").write_text(
        "import json, sys\n"
        "from pmr_planted import deeper\n"
        "json.dump([sys.argv[1:], __name__, 'site' in sys.modules], sys.stdout)\n"
        "if sys.argv[1:] == ['fail']:\n"
        "    deeper.fail()\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.startswith("pmr_planted")]:
        monkeypatch.delitem(sys.modules, name)
    parcel._packed.cache_clear()
    return package


def test_a_package_runs_where_none_of_its_files_is(planted: Path) -> None:
    done = _run("pmr_planted", "a b", "")

    assert done.stderr == ""
    assert json.loads(done.stdout) == [["a b", ""], "__main__", False]
    assert planted.is_dir()


def test_what_fails_in_there_names_the_module_and_the_line(planted: Path) -> None:
    done = _run("pmr_planted", "fail")

    assert done.returncode == 1
    assert f'File "{planted / "deeper.py"}", line 2, in fail' in done.stderr
    assert done.stderr.endswith("RuntimeError: deep\n")


def test_a_module_that_it_lacks_is_not_found_by_its_neighbours(planted: Path) -> None:
    (planted / "deeper.py").unlink()
    done = _run("pmr_planted")

    assert "ImportError: cannot import name 'deeper' from 'pmr_planted'" in done.stderr


def test_what_was_prepared_is_lent_as_it_was_then(planted: Path) -> None:
    parcel.prepare(import_module("pmr_planted"))
    shutil.rmtree(planted)
    done = _run("pmr_planted")

    assert json.loads(done.stdout) == [[], "__main__", False]


def test_nothing_is_imported_from_where_it_is_started(planted: Path, tmp_path: Path) -> None:
    place = tmp_path / "workspace"
    place.mkdir()
    for name in ("json.py", "marshal.py"):
        (place / name).write_text("print('planted')\n")
    with parcel.packed(import_module("pmr_planted")) as file:
        done = subprocess.run(
            parcel.command(file),
            capture_output=True,
            text=True,
            check=False,
            pass_fds=(file,),
            cwd=place,
        )

    assert done.stdout.startswith('[[], "__main__"'), done
    assert planted.is_dir()
