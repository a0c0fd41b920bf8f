import sys
from pathlib import Path

import pytest

from pmrunnerctl import editor
from pmrunnerctl.exits import Cannot


def program(directory: Path, body: str) -> Path:
    path = directory / "an editor"
    path.write_text(f"#!{sys.executable}\nimport sys\n{body}\n")
    path.chmod(0o755)
    return path


def test_an_editor_that_is_not_there_is_named_with_another_way(tmp_path: Path) -> None:
    with pytest.raises(Cannot, match="cannot start the editor 'nowhere': no such file") as refused:
        editor.edit(tmp_path, {"EDITOR": "nowhere"})
    assert "--file FILE" in refused.value.hint


@pytest.mark.parametrize(
    ("variables", "why"),
    [({"VISUAL": "'"}, "cannot use \\$VISUAL"), ({"PATH": "/nowhere"}, "cannot find an editor")],
)
def test_variables_that_name_no_editor_are_refused(
    variables: dict[str, str], why: str, tmp_path: Path
) -> None:
    with pytest.raises(Cannot, match=why):
        editor.edit(tmp_path, variables)


def test_an_editor_that_ends_badly_is_not_believed(tmp_path: Path) -> None:
    failing = program(tmp_path, "sys.exit(3)")
    with pytest.raises(Cannot, match="ended with status 3"):
        editor.edit(tmp_path, {"EDITOR": f"'{failing}'"})


def test_the_visual_editor_comes_first_and_may_have_options(tmp_path: Path) -> None:
    writing = program(tmp_path, "open(sys.argv[2], 'w').write(sys.argv[1])")
    editor.edit(tmp_path / "text", {"VISUAL": f"'{writing}' -w", "EDITOR": "nowhere"})
    assert (tmp_path / "text").read_text() == "-w"


def test_what_the_machine_has_is_taken_where_nobody_says(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    program(tmp_path, "open(sys.argv[1], 'w').write('x')").rename(tmp_path / "bin" / "vi")
    editor.edit(tmp_path / "text", {"PATH": str(tmp_path / "bin")})
    assert (tmp_path / "text").read_text() == "x"
