"""The journal, cut and flipped at every byte: it opens with what is whole, or says where it is not."""

from pathlib import Path

import pytest

from pmrunnerd.store.failures import JournalDamaged
from pmrunnerd.store.store import Store
from tests.unit.store.parts import RELEASE, filled, now, opened, said

MESSAGES = 3


def fresh(tmp_path: Path, content: bytes, name: str) -> Path:
    """Make a state of this journal alone, as a crash would leave it."""
    directory = tmp_path / name
    (directory / "journal").mkdir(parents=True)
    (directory / "journal" / "00000001.jsonl").write_bytes(content)
    return directory


def kept(directory: Path) -> bytes:
    aside = directory / "set-aside"
    return b"".join(path.read_bytes() for path in aside.iterdir()) if aside.exists() else b""


def refused(directory: Path) -> JournalDamaged | None:
    try:
        Store(directory, now, release=RELEASE).close()
    except JournalDamaged as error:
        return error
    return None


def test_a_journal_cut_at_any_byte_opens_at_the_last_whole_commit_and_goes_on(
    tmp_path: Path,
) -> None:
    content = filled(tmp_path / "whole", messages=MESSAGES).read_bytes()
    for cut in range(len(content) + 1):
        directory = fresh(tmp_path, content[:cut], f"cut-{cut}")
        commits = content[:cut].count(b"\n")
        whole = content.splitlines(keepends=True)[:commits]
        with opened(directory) as store:
            assert store.durable == commits
            assert kept(directory) == content[sum(map(len, whole)) : cut]
            if commits:
                store.commit(said(99))
        with opened(directory) as store:
            assert store.durable == commits + bool(commits)
            assert ("m99" in store.state.messages) == bool(commits)


@pytest.mark.parametrize("bit", [0, 2, 5, 7])
def test_a_journal_flipped_at_any_byte_says_where_unless_its_last_line_has_no_end_any_more(
    tmp_path: Path, bit: int
) -> None:
    content = filled(tmp_path / "whole", messages=MESSAGES).read_bytes()
    last = content.rindex(b"\n", 0, -1) + 1
    for where in range(len(content)):
        flipped = bytearray(content)
        flipped[where] ^= 1 << bit
        directory = fresh(tmp_path, bytes(flipped), f"flip-{where}")
        line = content[:where].count(b"\n") + 1
        refusal = refused(directory)
        if refusal is None:
            with opened(directory) as store:
                assert where == len(content) - 1, (
                    f"byte {where} was durable, and is lost without a word"
                )
                assert store.durable == MESSAGES
                assert kept(directory) == bytes(flipped[last:])
        else:
            assert where < len(content) - 1, "a line without its end is torn"
            assert f"00000001.jsonl: line {line} " in str(refusal), f"byte {where}"
            assert "pmrunnerctl state verify" in (refusal.hint or "")
            found = (directory / "journal" / "00000001.jsonl").read_bytes()
            assert found == bytes(flipped), "nothing is changed where we refuse"


def test_no_line_can_be_taken_out_of_the_middle_or_put_in_twice(tmp_path: Path) -> None:
    lines = filled(tmp_path / "whole", messages=MESSAGES).read_bytes().splitlines(keepends=True)
    for where in range(len(lines) - 1):
        shorter = lines[:where] + lines[where + 1 :]
        longer = lines[: where + 1] + lines[where:]
        for name, content in (("out", shorter), ("in", longer)):
            directory = fresh(tmp_path, b"".join(content), f"{name}-{where}")
            with pytest.raises(JournalDamaged, match=r"line \d+ is commit"):
                Store(directory, now, release=RELEASE)


def test_settling_a_torn_tail_twice_is_once(tmp_path: Path) -> None:
    content = filled(tmp_path / "whole", messages=MESSAGES).read_bytes()
    directory = fresh(tmp_path, content[:-4], "torn")
    for _ in range(3):
        with opened(directory) as store:
            assert store.durable == MESSAGES
    assert len(list((directory / "set-aside").iterdir())) == 1
