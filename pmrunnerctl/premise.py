"""Draws what a promotion would be: what has to hold, what is new, what was gated, what is said of it."""

from typing import Final

from pmrunnerctl.amounts import count
from pmrunnerctl.render import Cell, Screen
from pmrunnerd.model.gates import Verdict
from pmrunnerd.model.views import ChangesView, PromotionPlan

_SHORT: Final = 12


def draw(screen: Screen, plan: PromotionPlan) -> None:
    """Write all of it, and what to type now."""
    screen.pairs(
        [
            ("project", plan.alias),
            ("commit", plan.commit),
            ("release", plan.release or "none yet"),
            ("in place of", plan.running or "nothing"),
            ("restarts", ", ".join(plan.restarts)),
            ("level", _level(plan)),
        ]
    )
    _changes(screen, plan.changes)
    _gates(screen, plan)
    draw_section(screen, plan)
    _checklist(screen, plan)
    if plan.ready and plan.seal:
        screen.next(f"pmrunnerctl promote {plan.alias} --wait --approve {plan.seal}")


def draw_section(screen: Screen, plan: PromotionPlan) -> None:
    """Write the section that is approved, as it is hashed."""
    if not plan.section:
        return
    screen.line(f"evidence, hash {plan.seal}:", "bold")
    for line in plan.section.rstrip("\n").split("\n"):
        screen.line(f"  {line}")


def _level(plan: PromotionPlan) -> str:
    if not plan.release:
        return ""
    if plan.release_level == plan.level:
        return f"{plan.level}, as now"
    return f"{plan.level} now; it reads up to {plan.release_level}, and is written once the one after it is confirmed"


def _changes(screen: Screen, changes: ChangesView) -> None:
    if changes.why:
        screen.line(f"what is new cannot be told: {changes.why}", "yellow")
        return
    if not changes.base:
        return
    commits, files = (
        len(changes.commits) + changes.commits_more,
        len(changes.files) + changes.files_more,
    )
    screen.line(
        f"since {changes.base[:_SHORT]}: {count(commits, 'commit')}, {count(files, 'file')}", "bold"
    )
    for one in changes.commits:
        screen.line(f"  {one.id[:_SHORT]} {one.subject}")
    _more(screen, changes.commits_more)
    for path in changes.files:
        lines = "" if path.added is None else f", +{path.added} -{path.removed or 0}"
        screen.line(f"  {path.path}: {path.kind}{lines}", "dim")
    _more(screen, changes.files_more)


def _more(screen: Screen, number: int) -> None:
    if number:
        screen.line(f"  and {number} more", "dim")


def _gates(screen: Screen, plan: PromotionPlan) -> None:
    if plan.gates:
        screen.table(
            ("GATE", "VERDICT", "TESTS", "BY"),
            [
                (
                    one.gate,
                    Cell(str(one.verdict), "green" if one.verdict is Verdict.PASSED else "red"),
                    str(one.tests.ran) if one.tests else "",
                    one.signed_by or one.answered_by,
                )
                for one in plan.gates
            ],
        )
    if plan.weaker is not None and plan.weaker.differences.found:
        screen.line(f"they ask less than {plan.weaker.before}:", "yellow")
        for less in plan.weaker.differences.found:
            screen.line(f"  {less.words}", "yellow")


def _checklist(screen: Screen, plan: PromotionPlan) -> None:
    screen.table(
        ("PREREQUISITE", "", "WHAT WAS FOUND"),
        [
            (one.name, Cell("holds", "green") if one.met else Cell("missing", "red"), one.said)
            for one in plan.checklist
        ],
        whole=True,
    )
    for one in plan.checklist:
        for remedy in one.remedies:
            screen.next(remedy, one.name)
