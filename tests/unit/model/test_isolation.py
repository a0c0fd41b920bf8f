import json
import subprocess
import sys
from pathlib import Path

import pytest

from pmrunnerd.model import isolation

# Of a release: without `site`, and with the code alone that it is told of.
AS_LAUNCHED = (
    f"import sys; sys.path.insert(0, {str(isolation.CODE)!r});"
    " from pmrunnerd.model import isolation; import os, subprocess;"
    " argv = isolation.python('told', 'a', '-b');"
    " argv[argv.index(str(isolation.CODE))] = sys.argv[1];"
    " subprocess.run(argv, env=isolation.around(os.environ), check=True)"
)
TOLD = """\
import json, sys
if __name__ == "__main__":
    flags = [sys.flags.isolated, sys.flags.no_site, int(sys.dont_write_bytecode)]
    print(json.dumps([flags, "site" in sys.modules, sys.path[0], sys.argv]))
"""


def test_what_runs_without_site_starts_others_without_it_and_with_their_words(
    tmp_path: Path,
) -> None:
    module = tmp_path / "told.py"
    module.write_text(TOLD)

    said = subprocess.run(
        [sys.executable, "-IBS", "-c", AS_LAUNCHED, tmp_path],
        check=True,
        capture_output=True,
        text=True,
    ).stdout

    assert json.loads(said) == [[1, 1, 1], False, str(tmp_path), [str(module), "a", "-b"]]
    assert [path.name for path in tmp_path.iterdir()] == ["told.py"]


def test_a_checkout_finds_itself_before_what_somebody_else_named(tmp_path: Path) -> None:
    assert isolation.python("pmrunnerd.offline", "doctor") == [
        sys.executable,
        *("-P", "-m", "pmrunnerd.offline", "doctor"),
    ]
    found = isolation.around({"PYTHONPATH": str(tmp_path), "LANG": "C"})
    assert found == {"PYTHONPATH": f"{isolation.CODE}:{tmp_path}", "LANG": "C"}
    assert isolation.around({}) == {"PYTHONPATH": str(isolation.CODE)}


def test_where_a_release_lies_no_other_python_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    class Flags:
        no_site = 1

    monkeypatch.setattr(sys, "flags", Flags)
    assert isolation.around({"LANG": "C"}) == {"LANG": "C"}
