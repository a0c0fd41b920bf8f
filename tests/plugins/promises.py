"""What was promised has been run: with CI=true no test is left out, and none of required.txt.

Without CI=true a test may skip, and the run ends with a list of what was not run here, and why.
With it every skip is a failure, because a promise that was not tried was not kept; but for those of
tests that are marked `elsewhere`, which need what a machine may well lack or somebody else runs, and
are not promised: these are in that list, with CI=true too, and so is one that
found out itself that it cannot be tried where it is (`raise Elsewhere(why)`). So are, in a gate, those that say that only root can do them: a gate has
none, and whoever runs all of them as root tries them. A full run, one that was given no paths and
no selection, must also have passed each id of tests/required.txt; an id without `[…]` stands for all
its parameters. What failed is named at once, with the first line of its reason, for a run may be cut off before pytest
tells reasons; and once more at the very end, a line each, for those who are shown no more than the end.
"""

import os
import re
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Final

import pytest
from _pytest.outcomes import Skipped

# What --dist=loadgroup hangs on the ids of a group that stays on one worker.
GROUP: Final = re.compile(r"@[^\]:]*$")
ELSEWHERE: Final = "elsewhere"
# How the reason of a test begins that is for root alone.
ROOTS: Final = "only root "
# Characters of a reason that are shown at once.
_SHOWN: Final = 300
NOT_ALLOWED: Final = "not run, and with CI=true nothing may be left out"


def required(file: Path) -> list[str]:
    """Return the ids that a file lists, one a line, between headings that begin with `#`."""
    lines = (line.strip() for line in file.read_text().splitlines()) if file.exists() else ()
    return [line for line in lines if line and not line.startswith("#")]


def plain(nodeid: str) -> str:
    """Return an id as it is spelled without workers."""
    return GROUP.sub("", nodeid)


def is_full(config: pytest.Config) -> bool:
    """Tell whether nobody chose: no path or id, no -k or -m, no --lf, no --deselect."""
    names = ("keyword", "markexpr", "deselect", "lf", "ignore")
    chosen = (
        config.args_source is pytest.Config.ArgsSource.ARGS,
        *(getattr(config.option, name, None) for name in names),
    )
    return bool(config.getini("required")) and not any(chosen)


def is_elsewhere(item: pytest.Item, call: pytest.CallInfo[None]) -> bool:
    found_out = call.excinfo is not None and isinstance(call.excinfo.value, Elsewhere)
    return found_out or item.get_closest_marker(ELSEWHERE) is not None


def is_for_root(why: str) -> bool:
    """Tell whether what was left out is not for whoever has a gate run for them."""
    in_a_gate = bool(os.environ.get("PMRUNNER_GATE")) and os.geteuid() != 0
    return in_a_gate and why.startswith(ROOTS)


def everything_counts() -> bool:
    return os.environ.get("CI") == "true"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini("required", "file with the ids of tests that a full run must pass", default="")


class Elsewhere(Skipped):
    """A skip that counts as that of a test marked `elsewhere`: whoever raises it has found out that this cannot be here."""


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    # An expected failure is reported as skipped, too; it was run.
    if not report.skipped or hasattr(report, "wasxfail"):
        return report
    allowed = is_elsewhere(item, call) or is_for_root(reason(report))
    if everything_counts() and not allowed:
        report.outcome = "failed"
        report.longrepr = f"{NOT_ALLOWED}: {reason(report)}"
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if everything_counts() and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"{NOT_ALLOWED}: {reason(report)}"
    return report


def reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Return why it was skipped, in the words of whoever skipped it."""
    why = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return why.removeprefix("Skipped: ").removeprefix(f"{Elsewhere.__module__}.Elsewhere: ")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", f"{ELSEWHERE}: may be left out, where it says why")
    # Workers report to the controller, and only it sees the whole run.
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Promises(config), "promises of this run")


class Promises:
    """What happened in one run, against what had to."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._passed: set[str] = set()
        self._failed: set[str] = set()

    @pytest.hookimpl(trylast=True)  # after the letter of it
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._failed.add(plain(report.nodeid))
            self._tell(report)
        elif report.passed and report.when == "call":
            self._passed.add(plain(report.nodeid))

    def _tell(self, report: pytest.TestReport) -> None:
        terminal = self._config.pluginmanager.get_plugin("terminalreporter")
        if terminal is not None:
            crash = getattr(report.longrepr, "reprcrash", None)
            why = str(crash.message if crash else report.longrepr).partition("\n")[0][:_SHOWN]
            terminal.ensure_newline()
            terminal.write_line(f"{report.when} of {plain(report.nodeid)} failed: {why}")
            terminal.flush()

    @pytest.hookimpl(tryfirst=True)  # before the terminal writes its closing line
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self._config.option.collectonly or not (everything_counts() and is_full(self._config)):
            return
        for id in self._broken():
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
            report = pytest.TestReport(
                nodeid=id,
                location=(id, None, id),
                keywords={},
                outcome="failed",
                longrepr=f"{id} is listed in {self._config.getini('required')}: {NOT_ALLOWED}",
                when="call",
            )
            self._config.hook.pytest_runtest_logreport(report=report)

    @pytest.hookimpl(
        wrapper=True, tryfirst=True
    )  # around pytest's own, which is as long as reasons are
    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter
    ) -> Generator[None, None, None]:
        yield
        skipped = terminalreporter.stats.get("skipped", [])
        if skipped:
            terminalreporter.section("not run here")
        for report in skipped:
            terminalreporter.line(f"{plain(report.nodeid)}: {reason(report)}")
        if self._failed:
            terminalreporter.section("failed")
        for id in sorted(self._failed):
            terminalreporter.line(id)

    def _broken(self) -> Iterator[str]:
        """Yield each required id that was not run; one that failed has said so itself."""
        ran = self._passed | self._failed
        ran |= {id.partition("[")[0] for id in ran}
        for id in required(self._config.rootpath / self._config.getini("required")):
            if id not in ran:
                yield id
