import os
import shlex
from pathlib import Path

from msgspec.structs import replace

from pmrunnerd.model.errand import Inspected
from pmrunnerd.services import workspace
from pmrunnerd.services.errands.ownplace import told
from tests.unit.services.parts import repository

ME = os.geteuid()
SOMEBODY = ME + 1


def found(path: Path, problem: str = "it is no git repository") -> Inspected:
    return Inspected(path=str(path), problem=problem, hint=workspace.begin(path))


def test_what_is_not_there_is_made_or_cloned_by_the_runs_user(tmp_path: Path) -> None:
    missing = replace(found(tmp_path / "cake"), missing=True, hint=f"ls {tmp_path}")
    new, clone, those = told(missing, tmp_path, me="pm-agent", uid=ME).hint.splitlines()
    begins = (
        f"sudo -u pm-agent git init {tmp_path}/cake && sudo -u pm-agent git -C {tmp_path}/cake "
    )
    assert new.startswith(begins)
    assert new.endswith(" commit --allow-empty -m start   # a new one")
    assert clone.startswith(f"sudo -u pm-agent git clone URL {tmp_path}/cake   #")
    assert those.startswith(f"ls {tmp_path}   #")


def test_a_directory_of_the_runs_user_becomes_a_repository_by_that_user(tmp_path: Path) -> None:
    (tmp_path / "cake").mkdir()
    hint = told(found(tmp_path / "cake"), tmp_path, me="pm-agent", uid=ME).hint
    assert hint.count("sudo -u pm-agent git ") == 2
    assert "chown" not in hint


def test_a_name_that_reads_like_a_command_is_a_name(tmp_path: Path) -> None:
    path = tmp_path / "a && git 'b"
    path.mkdir()
    hint = told(found(path), tmp_path, me="pm-agent", uid=ME).hint
    assert hint.count("sudo -u pm-agent git ") == 2
    assert hint.count(shlex.quote(str(path))) == 2


def test_what_cannot_be_looked_at_is_told_as_it_was_found(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    said = Inspected(path=str(tmp_path / "loop"), problem="it is a circle of links", hint="ls -l")
    assert told(said, tmp_path, me="pm-agent", uid=ME) == said


def test_a_bare_repository_of_somebody_else_is_nobody_s_to_take(tmp_path: Path) -> None:
    (tmp_path / "bare").mkdir()
    said = Inspected(
        path=str(tmp_path / "bare"), problem="it is bare", hint="git clone X DIR   and add that"
    )
    assert told(said, tmp_path, me="pm-agent", uid=ME + 1) == said


def test_what_root_made_there_is_given_to_the_runs_user_and_what_a_person_made_is_not(
    tmp_path: Path,
) -> None:
    (tmp_path / "cake").mkdir()
    hint = told(found(tmp_path / "cake"), tmp_path, me="pm-agent", uid=SOMEBODY).hint
    begins = f"sudo chown -Rh --from=root pm-agent: {tmp_path}/cake && sudo -u $(stat -c %U {tmp_path}/cake) git init "
    assert hint.startswith(begins)

    whole = found(repository(tmp_path / "tart"), "it is closed to uid 5")
    closed = replace(whole, hint="ls -ld x")
    assert told(closed, tmp_path, me="pm-agent", uid=SOMEBODY) == closed


def test_what_is_elsewhere_or_well_stays_as_it_was_found(tmp_path: Path) -> None:
    well = Inspected(path=str(repository(tmp_path / "cake")))
    assert told(well, tmp_path, me="pm-agent", uid=ME) == well
    elsewhere = found(tmp_path / "tart")
    assert told(elsewhere, tmp_path / "other", me="pm-agent", uid=ME) == elsewhere
    (tmp_path / "file").write_text("")
    file = replace(found(tmp_path / "file", "it is no directory"), hint="")
    assert told(file, tmp_path, me="pm-agent", uid=SOMEBODY) == file
