from pathlib import Path

import pytest

from pmrunnerd.model.promotion import RECORDS, REQUESTS
from pmrunnerd.services.promotion.following import Following

NAME = "x1-4f2a"
TRIAL = '{"format":1,"id":"x1-4f2a","state":"%s","candidate":"new","previous":"old","left":1}'


@pytest.fixture
def place(tmp_path: Path) -> Path:
    found = tmp_path / RECORDS / "prod"
    (found / NAME).mkdir(parents=True)
    return found


def test_root_s_record_is_read_to_its_last_whole_line(tmp_path: Path, place: Path) -> None:
    following = Following(tmp_path)
    assert following.lines("prod", NAME) == []
    whole = b'{"step":"begun","at":1.5,"release":"later"}\nno json\n{"step":"polished","at":2,"why":"x"}\n'
    (place / NAME / "steps.jsonl").write_bytes(whole + b'{"step":"sig')

    found = following.lines("prod", NAME)

    assert [(one.step, one.why) for one in found] == [
        ("begun", ""),
        ("unreadable", ""),
        ("polished", "x"),
    ]


def test_a_link_in_its_place_leads_nowhere(tmp_path: Path, place: Path) -> None:
    (place / NAME / "steps.jsonl").symlink_to("/etc/passwd")

    with pytest.raises(OSError, match="symbolic"):
        Following(tmp_path).lines("prod", NAME)


def test_a_trial_is_open_by_its_own_word_and_one_that_cannot_be_read_is_none(
    tmp_path: Path, place: Path
) -> None:
    following = Following(tmp_path)
    assert following.trial("prod") is None
    for text in ("", "[]", "{", '{"id": 1}'):
        (place / "trial.json").write_text(text)
        assert following.trial("prod") is None

    (place / "trial.json").write_text(TRIAL % "open")
    found = following.trial("prod")
    assert found is not None
    assert found.is_open
    (place / "trial.json").write_text(TRIAL % "returned")
    assert not (following.trial("prod") or found).is_open


def test_what_is_about_to_be_moved_is_spoken_for(tmp_path: Path, place: Path) -> None:
    following = Following(tmp_path)
    assert following.spoken_for("prod") == {}
    asked = tmp_path / REQUESTS / "prod"
    asked.mkdir(parents=True)
    (asked / "prod.json").write_text('{"id":"x2","release":"next","deed":"promote"}')
    (place / "trial.json").write_text(TRIAL % "open")

    assert following.spoken_for("prod") == {
        "next": "promotion x2 is about it",
        "new": "it is on trial",
        "old": "it is the way back",
    }
