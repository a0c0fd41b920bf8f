import os
import subprocess
import sys
from pathlib import Path

import pytest

from pmrunnerctl import editor
from pmrunnerctl.exits import Cannot
from tests.unit.pmrunnerctl.conftest import environment

OTHERWISE = "pmrunnerctl plan edit p3 --file FILE"


def program(directory: Path, body: str) -> Path:
    path = directory / "an editor"
    path.write_text(f"#!{sys.executable}\nimport sys\n{body}\n")
    path.chmod(0o755)
    return path


def test_an_editor_that_is_not_there_is_named_with_another_way(tmp_path: Path) -> None:
    with pytest.raises(Cannot, match="cannot start the editor 'nowhere': no such file") as refused:
        editor.edit(tmp_path, OTHERWISE, {"EDITOR": "nowhere"})
    assert refused.value.hint == f"{OTHERWISE}   # or: export EDITOR=nano"


@pytest.mark.parametrize(
    ("variables", "why"),
    [
        ({"VISUAL": "'"}, "cannot use \\$VISUAL"),
        ({"PATH": "/nowhere"}, "cannot (find|open) an editor: "),
    ],
)
def test_variables_that_name_no_editor_are_refused(
    variables: dict[str, str], why: str, tmp_path: Path
) -> None:
    with pytest.raises(Cannot, match=why):
        editor.edit(tmp_path, OTHERWISE, variables)


def test_an_editor_that_ends_badly_is_not_believed(tmp_path: Path) -> None:
    failing = program(tmp_path, "sys.exit(3)")
    with pytest.raises(Cannot, match="ended with status 3"):
        editor.edit(tmp_path, OTHERWISE, {"EDITOR": f"'{failing}'"})


def test_the_visual_editor_comes_first_and_may_have_options(tmp_path: Path) -> None:
    writing = program(tmp_path, "open(sys.argv[2], 'w').write(sys.argv[1])")
    editor.edit(tmp_path / "text", OTHERWISE, {"VISUAL": f"'{writing}' -w", "EDITOR": "nowhere"})
    assert (tmp_path / "text").read_text() == "-w"


def machine_with_vi(directory: Path) -> list[str]:
    """Return a command that edits the file `text` on a machine whose only editor is vi."""
    (directory / "bin").mkdir()
    writing = program(directory, "open(sys.argv[1], 'w').write('x')")
    writing.rename(directory / "bin" / "vi")
    text, path = str(directory / "text"), str(directory / "bin")
    code = f"editor.edit(pathlib.Path({text!r}), {OTHERWISE!r}, {{'PATH': {path!r}}})"
    return [sys.executable, "-c", f"import pathlib; from pmrunnerctl import editor; {code}"]


def test_what_the_machine_has_is_taken_where_nobody_says(tmp_path: Path) -> None:
    keyboard, terminal = os.openpty()
    command = machine_with_vi(tmp_path)
    subprocess.run(command, stdin=terminal, stdout=terminal, env=environment(), check=True)
    os.close(terminal)
    os.close(keyboard)
    assert (tmp_path / "text").read_text() == "x"


def test_where_there_is_no_terminal_no_editor_is_guessed(tmp_path: Path) -> None:
    ended = subprocess.run(
        machine_with_vi(tmp_path),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
    )
    assert "Cannot: cannot open an editor: there is no terminal" in ended.stderr
    assert not (tmp_path / "text").exists()
