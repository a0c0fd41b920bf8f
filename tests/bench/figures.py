"""A figure: ours, the bare limit of the same run beside it, their ratio, and whether that is enough."""

from collections.abc import Iterable, Sequence
from statistics import median
from typing import Any, Final

import msgspec
from msgspec import Struct


class Sample(Struct, frozen=True):
    """What was measured, round by round; medians are shown, because one round proves nothing."""

    values: tuple[float, ...]

    @classmethod
    def of(cls, values: Iterable[float]) -> "Sample":
        return cls(tuple(values))

    @property
    def middle(self) -> float:
        return median(self.values)

    def at(self, share: float) -> float:
        """Return the value that a share of all does not exceed; of few it is the largest."""
        ordered = sorted(self.values)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    @property
    def spread(self) -> str:
        """Spell the middle half, the 95th of a hundred, and how many there were."""
        if len(self.values) == 1:
            return "once"
        half = f"{_short(self.at(0.25))}…{_short(self.at(0.75))}"
        return f"{half}, {_short(self.at(0.95))} ({len(self.values)})"


class Target(Struct, frozen=True):
    """What is to be reached: `of` is ratio, median or p99; a bound `at_least` or `at_most`."""

    of: str
    bound: float
    at_least: bool = False

    def reached(self, found: float) -> bool:
        return found >= self.bound if self.at_least else found <= self.bound


class Figure(Struct, frozen=True, kw_only=True):
    """One row. `against` says what the limit is; without one the row is only for the reader."""

    name: str
    case: str
    unit: str
    ours: Sample
    limit: Sample | None = None
    against: str = ""
    ratios: Sample | None = None
    target: Target | None = None

    @property
    def ratio(self) -> float | None:
        """Round by round where that was possible, so that what disturbed one disturbed both."""
        if self.ratios is not None:
            return self.ratios.middle
        return None if self.limit is None else self.ours.middle / self.limit.middle

    @property
    def reached(self) -> bool | None:
        if self.target is None:
            return None
        if self.target.of == "ratio":
            return None if self.ratio is None else self.target.reached(self.ratio)
        return self.target.reached(
            self.ours.at(0.99) if self.target.of == "p99" else self.ours.middle
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "case": self.case,
            "unit": self.unit,
            "ours": _json(self.ours),
            "limit": _json(self.limit) if self.limit else None,
            "against": self.against,
            "ratio": self.ratio,
            "target": msgspec.to_builtins(self.target),
            "reached": self.reached,
        }


def ratios(ours: Sequence[float], limit: Sequence[float]) -> Sample:
    """Divide round by round."""
    return Sample.of(mine / bare for mine, bare in zip(ours, limit, strict=True))


HEADERS: Final = (
    *("figure", "case", "ours", "middle half, p95 (n)", "limit", "against"),
    *("ratio", "target", "reached"),
)


def table(figures: Sequence[Figure]) -> str:
    """Draw them as Markdown, so that a README can take them as they are."""
    rows = [HEADERS, *(_cells(figure) for figure in figures)]
    widths = [max(len(row[n]) for row in rows) for n in range(len(HEADERS))]
    lines = [_line(row, widths) for row in rows]
    return (
        "\n".join([lines[0], _line(["-" * width for width in widths], widths), *lines[1:]]) + "\n"
    )


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    return (
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
    )


def _cells(figure: Figure) -> tuple[str, ...]:
    limit = f"{_short(figure.limit.middle)} {figure.unit}" if figure.limit else ""
    return (
        figure.name,
        figure.case,
        f"{_short(figure.ours.middle)} {figure.unit}",
        figure.ours.spread,
        limit,
        figure.against,
        "" if figure.ratio is None else f"{figure.ratio:.2f} ×",
        _target(figure),
        {None: "", True: "yes", False: "NO"}[figure.reached],
    )


def _target(figure: Figure) -> str:
    if figure.target is None:
        return ""
    sign = "≥" if figure.target.at_least else "≤"
    if figure.target.of == "ratio":
        return f"{sign} {figure.target.bound:g} ×"
    p99 = f" p99 (is {_short(figure.ours.at(0.99))})" if figure.target.of == "p99" else ""
    return f"{sign} {figure.target.bound:g} {figure.unit}{p99}"


def _json(sample: Sample) -> dict[str, Any]:
    return {
        "median": sample.middle,
        "p25": sample.at(0.25),
        "p75": sample.at(0.75),
        "p95": sample.at(0.95),
        "p99": sample.at(0.99),
        "n": len(sample.values),
        "values": sample.values,
    }


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
