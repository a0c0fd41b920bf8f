import json
import shutil
from pathlib import Path

import pytest

from pmrunnerctl.state import SHOWN, draw_contents, draw_findings, draw_repaired
from pmrunnerd.model.upkeep import Contents, Finding, Held, Repaired
from tests.unit.pmrunnerctl.conftest import Ctl, Paper
from tests.unit.store.archives import archived
from tests.unit.store.damage import everything, flip, segments, state


def test_a_state_that_is_not_there_is_not_found(ctl: Ctl, tmp_path: Path) -> None:
    ended = ctl("state", "verify", "--state-dir", str(tmp_path / "none"))

    assert (ended.status, ended.out) == (3, "")
    assert "there is no such directory" in ended.err


def test_damage_ends_badly_with_file_line_and_what_was_said(ctl: Ctl, tmp_path: Path) -> None:
    flip(segments(state(tmp_path))[1], 1)
    ended = ctl("state", "verify", "--state-dir", str(tmp_path))

    assert ended.status == 8
    assert "00000002.jsonl: line 1: commit" in ended.out
    assert "(message posted in alias-p1)" in ended.out
    assert f"pmrunnerctl state repair --state-dir {tmp_path}" in ended.out


def test_a_repair_shows_first_then_mends_then_has_nothing_to_do(ctl: Ctl, tmp_path: Path) -> None:
    flip(segments(state(tmp_path))[1], 1)
    before = everything(tmp_path)
    shown = ctl("state", "repair", "--state-dir", str(tmp_path))

    assert "1 commit of 10 would be lost, the others stay; nothing was changed" in shown.out
    assert everything(tmp_path) == before
    assert (
        "repaired: 1 commit of 10 lost"
        in ctl("state", "repair", "--yes", "--state-dir", str(tmp_path)).out
    )
    assert "needs no repair" in ctl("state", "repair", "--state-dir", str(tmp_path)).out


@pytest.mark.parametrize("change", [False, True])
def test_what_may_have_been_done_is_listed_with_the_command_that_does_it_again(
    paper: Paper, *, change: bool
) -> None:
    held = (
        Held(id="t1", alias="cake", text="echo one"),
        Held(id="m3", alias="cake", text="bake it"),
    )
    finding = Finding(file="j", line=1, why="is missing")
    found = Repaired(changed=change, commits=2, lost=2, kept="/k", findings=(finding,), held=held)
    draw_repaired(paper, Path("/s"), found)

    how = "is" if change else "would be"
    assert f"what may have been done already {how} not begun again" in paper.text
    assert "t1  cake     echo one  pmrunnerctl task retry t1" in paper.text
    assert "m3  cake     bake it   pmrunnerctl chat send cake TEXT" in paper.text
    assert "the others stay" not in paper.text, "there are no others"


def test_a_sound_state_is_no_error_and_json_is_one_line(ctl: Ctl, tmp_path: Path) -> None:
    ended = ctl("state", "verify", "--json", "--state-dir", str(state(tmp_path)))

    assert ended.status == 0
    assert json.loads(ended.out)["sound"] is True


def test_more_than_a_screen_of_damage_is_counted(paper: Paper) -> None:
    one = Finding(file="j", line=1, why="is missing")
    draw_findings(paper, (one,) * (SHOWN + 3))

    assert paper.text.endswith("and 3 more: --json shows all\n")


def test_a_wrong_history_is_told_and_what_becomes_of_it(ctl: Ctl, tmp_path: Path) -> None:
    places = state(tmp_path) / "history" / "places"
    places.write_bytes(bytes(len(places.read_bytes())))
    ended = ctl("state", "verify", "--state-dir", str(tmp_path))

    assert ended.status == 8
    assert f"the journal of {tmp_path} is sound; what was made from it is not:" in ended.out
    assert f"{places}: block 0 is not what was written" in ended.out
    assert "the next start makes snapshot and history anew" in ended.out
    assert ctl("state", "verify", "--state-dir", str(tmp_path)).status == 0


def test_an_archive_is_verified_before_anybody_needs_it(ctl: Ctl, tmp_path: Path) -> None:
    archive = tmp_path / "a.tgz"
    archive.write_bytes(archived(state(tmp_path / "one"), environment="prod"))
    ended = ctl("state", "verify", str(archive))
    as_option = ctl("state", "verify", "--archive", str(archive))
    archive.write_bytes(archive.read_bytes()[:-30])
    cut = ctl("state", "verify", str(archive))

    assert ended.status == 0, ended.err
    assert as_option == ended
    assert f"{archive} can be restored" in ended.out
    assert "commits  10" in ended.out
    assert "prod" in ended.out
    assert (cut.status, cut.out) == (8, "")
    assert "cannot use the archive: it ends in the middle" in cut.err


def test_one_thing_is_verified_at_a_time_and_a_directory_is_no_archive(
    ctl: Ctl, tmp_path: Path
) -> None:
    archive = tmp_path / "a.tgz"
    two = ctl("state", "verify", str(archive), "--state-dir", str(tmp_path))
    directory = ctl("state", "verify", str(tmp_path))

    assert (two.status, directory.status) == (2, 2)
    assert "cannot verify two things at once" in two.err
    assert f"hint: pmrunnerctl state verify --state-dir {tmp_path}\n" in directory.err


def test_a_history_that_is_gone_is_told_once_and_the_state_is_not_called_sound(
    ctl: Ctl, tmp_path: Path
) -> None:
    shutil.rmtree(state(tmp_path) / "history")
    ended = ctl("state", "verify", "--json", "--state-dir", str(tmp_path))
    said = json.loads(ended.out)

    assert (ended.status, said["sound"], said["findings"]) == (8, False, [])
    caches = [(row["file"], row["why"]) for row in said["caches"]]
    assert caches
    assert len(caches) == len(set(caches))


def test_an_archive_that_is_not_whole_is_told_as_damage_and_its_hint_can_be_pasted(
    ctl: Ctl, tmp_path: Path
) -> None:
    archive = tmp_path / "a.tar.gz"
    archive.write_bytes(archived(state(tmp_path / "one"))[:-40])
    looked_at = ctl("state", "verify", str(archive))
    put_back = ctl("state", "restore", "--state-dir", str(tmp_path / "two"), str(archive))

    assert (looked_at.status, put_back.status) == (8, 4), "to refuse it is not to look at it"
    assert looked_at.err.endswith("hint: pmrunnerctl state backup pm-runner.tar.gz\n")


def test_what_comes_next_after_standard_input_does_not_read_a_terminal(paper: Paper) -> None:
    found = Contents(commits=1, files=1, bytes=1, environment="dev", release="1", at="")
    draw_contents(paper, Path("-"), found)

    assert paper.text.startswith("standard input can be restored\n")
    assert paper.text.endswith("next: pmrunnerctl state restore - < ARCHIVE\n")
