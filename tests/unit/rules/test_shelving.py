from typing import Any

from pmrunnerd.model.proof import ReleaseRow
from pmrunnerd.rules.shelving import kept


def row(number: int, **other: Any) -> ReleaseRow:
    about: dict[str, Any] = {
        "id": f"r{number}",
        "version": "0.1.0",
        "source": "",
        "python": "",
        "soabi": "",
        "tree": "",
        "level": 1,
        "built_by": "",
        "built_at": "",
        "is_dist": False,
        "is_previous": False,
        "is_signed": False,
    }
    return ReleaseRow(**(about | other))


def test_what_runs_and_what_one_would_go_back_to_never_goes() -> None:
    rows = [row(1, is_dist=True), row(2, is_previous=True), row(3, processes=(7,)), row(4)]

    assert [(one.id, one.why) for one in kept(rows, latest=0)] == [
        ("r1", "dist points to it"),
        ("r2", "it is the way back"),
        ("r3", "process 7 uses it"),
        ("r4", ""),
    ]


def test_the_latest_few_stay_though_nobody_uses_them() -> None:
    rows = [row(number) for number in range(5)]

    assert [one.why for one in kept(rows, latest=2)] == [
        "",
        "",
        "",
        *["it is one of the latest"] * 2,
    ]
    assert all(one.why for one in kept(rows, latest=9))
    assert kept([], latest=3) == ()


def test_what_a_promotion_is_about_never_goes() -> None:
    (one, other) = kept([row(1), row(2)], latest=0, spoken_for={"r1": "it is on trial"})

    assert (one.why, other.why) == ("it is on trial", "")
