import json
import subprocess
import sys
from pathlib import Path

from pmrunnerd.model.isolation import CODE, Python

# Of a release: without `site`, and with the code alone that it is told of.
AS_LAUNCHED = (
    f"import sys; sys.path.insert(0, {str(CODE)!r});"
    " from pmrunnerd.model.isolation import CODE, Python; import os, subprocess;"
    " ours = Python(sys.executable, sys.flags.no_site); argv = ours.runs('told', 'a', '-b');"
    " argv[argv.index(str(CODE))] = sys.argv[1];"
    " subprocess.run(argv, env=ours.around(os.environ), check=True)"
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


def test_a_checkout_finds_itself_before_what_somebody_else_named() -> None:
    ours = Python("python", no_site=0)

    assert ours.runs("told", "a") == ["python", "-P", "-m", "told", "a"]
    found = ours.around({"PYTHONPATH": "/theirs", "LANG": "C"})
    assert found == {"PYTHONPATH": f"{CODE}:/theirs", "LANG": "C"}
    assert ours.around({}) == {"PYTHONPATH": str(CODE)}


def test_where_a_release_lies_no_other_python_is_told() -> None:
    assert Python("python", no_site=1).around({"LANG": "C"}) == {"LANG": "C"}
