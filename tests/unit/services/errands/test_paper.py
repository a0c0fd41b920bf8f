import os
import stat
from pathlib import Path

import pytest

from pmrunnerd.model import errand as e
from pmrunnerd.model.errors import NotFound, PmError, Refused, Unavailable
from pmrunnerd.model.naming import ERRAND
from pmrunnerd.services.errands.paper import Paper, failure, name, raised
from pmrunnerd.services.holding import Held

PROBE = e.Probe(path="/srv/x")


def a_paper(tmp_path: Path, secret: str = "") -> Paper:
    paper = Paper(tmp_path / name(PROBE))
    paper.write(PROBE, secret)
    return paper


def test_an_answer_that_is_not_whole_is_none_yet(tmp_path: Path) -> None:
    paper = a_paper(tmp_path)
    assert paper.answered() is None
    paper.answer.write_bytes(b'{"answer":"inspected","pa')
    assert paper.answered() is None


@pytest.mark.parametrize("said", [b"x\n", b'{"answer":"promoted"}\n', b'{"answer":"inspected"}\n'])
def test_an_answer_that_is_none_is_refused(tmp_path: Path, said: bytes) -> None:
    paper = a_paper(tmp_path)
    paper.answer.write_bytes(said)
    with pytest.raises(Refused, match="cannot understand"):
        paper.answered()


def test_what_stands_in_the_place_of_an_answer_is_not_followed_and_not_waited_for(
    tmp_path: Path,
) -> None:
    paper = a_paper(tmp_path)
    paper.answer.unlink()
    paper.answer.symlink_to("/etc/passwd")
    with pytest.raises(OSError, match="symbolic links"):
        paper.answered()
    paper.answer.unlink()
    os.mkfifo(paper.answer)
    assert paper.answered() is None


def test_an_errand_that_a_release_does_not_know_is_refused_by_its_name(tmp_path: Path) -> None:
    paper = a_paper(tmp_path)
    paper.errand.write_text('{"errand":"promote"}')
    with pytest.raises(Refused, match=f"cannot do errand {paper.path.name}"):
        paper.take()


def test_a_secret_is_gone_once_it_was_taken(tmp_path: Path) -> None:
    paper = a_paper(tmp_path, "hush")
    assert stat.S_IMODE(paper.secret.stat().st_mode) == 0o640

    assert paper.take() == (PROBE, "hush")
    assert not paper.secret.exists()


def test_an_answer_comes_back_as_it_was_given(tmp_path: Path) -> None:
    paper = a_paper(tmp_path)
    paper.put(e.Emptied(all=False))

    assert paper.answered() == e.Emptied(all=False)


def test_a_cleared_errand_leaves_nothing_and_twice_is_once(tmp_path: Path) -> None:
    paper = a_paper(tmp_path, "hush")
    paper.clear()
    paper.clear()

    assert list(tmp_path.iterdir()) == []


def test_its_name_is_that_of_no_run_and_of_no_other_errand() -> None:
    names = {name(PROBE) for _ in range(100)}

    assert len(names) == 100
    assert all(ERRAND.fullmatch(one) for one in names)
    assert not ERRAND.fullmatch("r8-4f2a")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (NotFound("cannot find x: it is not there", hint="ls"), NotFound),
        (Held("cannot work in x: a person has it"), Refused),
        (PmError("cannot go on: this is a bug"), PmError),
        (PermissionError(13, "Permission denied", "/srv/x"), PmError),
        (OSError(5, "Input/output error"), Unavailable),
    ],
)
def test_an_error_comes_back_in_its_words(error: PmError | OSError, kind: type[PmError]) -> None:
    again = raised(failure(error))

    assert isinstance(again, kind)
    assert str(again) == str(error)
    assert again.hint == getattr(error, "hint", None)


def test_cargo_is_what_was_written_and_nothing_that_stands_in_its_place(tmp_path: Path) -> None:
    paper = a_paper(tmp_path)
    assert stat.S_IMODE(paper.cargo.stat().st_mode) == 0o660 & ~_umask()
    with paper.loading() as file:
        os.write(file, b"much")
    with paper.brought() as brought:
        assert brought.read() == b"much"
    paper.cargo.unlink()
    paper.cargo.symlink_to("/etc/passwd")
    with pytest.raises(OSError, match="symbolic links"):
        paper.brought()
    paper.cargo.unlink()
    os.mkfifo(paper.cargo)
    with pytest.raises(Refused, match="it is no file"):
        paper.brought()


def _umask() -> int:
    now = os.umask(0o022)
    os.umask(now)
    return now
