"""What the table says of a figure is what was measured, and no more than that."""

import pytest

from tests.bench.figures import Figure, Sample, Target, ratios, table


def figure(*ours: float, target: Target | None = None, limit: tuple[float, ...] = ()) -> Figure:
    return Figure(
        name="x",
        case="y",
        unit="ms",
        ours=Sample.of(ours),
        limit=Sample.of(limit) if limit else None,
        ratios=ratios(ours, limit) if limit else None,
        target=target,
    )


def test_a_round_that_was_disturbed_disturbs_both_sides_of_its_ratio() -> None:
    # The machine was busy in the second round, for ours and for the limit.
    assert figure(10, 40, 12, limit=(5, 20, 6)).ratio == 2.0


@pytest.mark.parametrize(
    ("target", "reached"),
    [
        (Target("ratio", 2.0), True),
        (Target("ratio", 1.9), False),
        (Target("ratio", 2.1, at_least=True), False),
        (Target("median", 10), True),
        (Target("median", 9), False),
        (Target("p99", 30), False),
        (Target("p99", 40), True),
        (None, None),
    ],
)
def test_a_target_is_reached_by_what_it_speaks_of(target: Target | None, reached: bool) -> None:
    assert figure(10, 40, 10, limit=(5, 20, 5), target=target).reached is reached


def test_a_ratio_without_a_limit_is_neither_reached_nor_missed() -> None:
    assert figure(10, target=Target("ratio", 2.0)).reached is None


def test_the_table_says_what_was_missed() -> None:
    drawn = table([figure(10, 40, 10, limit=(5, 20, 5), target=Target("p99", 30))])

    words = " ".join(drawn.split())
    assert "| 10 ms | 10…40, 40 (3)" in words
    assert "≤ 30 ms p99 (is 40) | NO |" in words
    assert len({len(line) for line in drawn.splitlines()}) == 1


def test_json_keeps_every_value() -> None:
    assert figure(1, 2, 4).as_json()["ours"] == {
        "median": 2,
        "p25": 1,
        "p75": 4,
        "p95": 4,
        "p99": 4,
        "n": 3,
        "values": (1, 2, 4),
    }
