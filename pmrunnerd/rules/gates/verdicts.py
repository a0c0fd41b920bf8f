"""What came of a gate, by what the service manager saw of it; what the gate itself says is never asked.

No word of a log is here, and the tests are counted in a file that can only make it worse: that a command ended
with status 0 is not enough, and that it did not is.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct

from pmrunnerd.model.gates import NO_TESTS, Counted, Gate, Verdict, Where
from pmrunnerd.model.quantities import span

SHOWN: Final = 5

Found = tuple[Verdict, str]


class Finish(Struct, frozen=True, kw_only=True):
    """How the unit of a gate ended, in systemd's words; detached, in the same ones.

    `result` is $SERVICE_RESULT, `code` $EXIT_CODE (exited, killed, dumped) and `status` $EXIT_STATUS,
    a number or the name of a signal. `altered` are paths of the source and the built tree that the gate changed, `left`
    counts processes that had to be killed after its end. `refused` says why it was never started.
    """

    result: str
    code: str = ""
    status: str = ""
    altered: Sequence[str] = ()
    left: int = 0
    refused: str = ""
    cancelled: bool = False


class Judged(Struct, frozen=True, kw_only=True):
    """A verdict, why, and the exit status where there was one."""

    verdict: Verdict
    why: str
    status: int | None = None


def verdict(gate: Gate, finish: Finish, tests: Counted | str | None) -> Judged:
    """Judge how a gate ended. `tests` are those counted, or why they could not be; None is no file."""
    status = int(finish.status) if finish.code == "exited" and finish.status.isdigit() else None
    found, why = (
        _stopped(gate, finish)
        or _unstarted(finish, status)
        or _ended(gate, finish, status, tests)
        or _by_tests(gate, tests)
    )
    return Judged(verdict=found, why=why, status=status)


def _stopped(gate: Gate, finish: Finish) -> Found | None:
    if finish.cancelled:
        return Verdict.CANCELLED, "it was cancelled"
    if finish.result == "timeout":
        return Verdict.TIMED_OUT, f"it took longer than {span(gate.timeout)}"
    if finish.result == "oom-kill":
        return Verdict.KILLED, "it took more memory than it may, and was killed"
    if finish.code in {"killed", "dumped"} or finish.result in _SIGNALLED:
        return Verdict.KILLED, f"it was killed by {_signal(finish.status)}"
    return None


def _unstarted(finish: Finish, status: int | None) -> Found | None:
    if finish.refused:
        return Verdict.CANNOT_START, f"it could not be started: {finish.refused}"
    if finish.result in _NEVER_STARTED:
        return Verdict.CANNOT_START, f"it did not start: {_NEVER_STARTED[finish.result]}"
    if status in _BEFORE:
        why = f"it did not start: exit status {status} is systemd's for {_BEFORE[status]}"
        return Verdict.CANNOT_START, why
    if status is None:
        return Verdict.CANNOT_START, f"nobody saw how it ended: {finish.result or 'no result'}"
    return None


def _ended(
    gate: Gate, finish: Finish, status: int | None, tests: Counted | str | None
) -> Found | None:
    if gate.runs is Where.HOST and status == _HOST_ENDED:
        return Verdict.FAILED, "its host was ended before its command had"
    if status:
        return Verdict.FAILED, _failed(status, tests)
    if finish.result != "success":
        return Verdict.FAILED, f"the service manager says {finish.result}, with exit status 0"
    if finish.altered:
        return Verdict.ALTERED, f"it changed what it was to judge: {_some(finish.altered)}"
    if finish.left:
        return Verdict.FAILED, f"{_many(finish.left, 'process')} of it outlived it"
    return None


def _by_tests(gate: Gate, tests: Counted | str | None) -> Found:
    if gate.tests == NO_TESTS:
        return Verdict.PASSED, "exit status 0; it declares no tests"
    if isinstance(tests, str):
        return Verdict.NO_TESTS, f"exit status 0, but {gate.tests} counts for nothing: {tests}"
    if tests is None:
        return Verdict.NO_TESTS, f"exit status 0, but it left no {gate.tests} that could be read"
    if tests.failed:
        return Verdict.FAILED, f"exit status 0, but {gate.tests} tells of {_counted(tests)}"
    if not tests.ran:
        skipped = f", and {tests.skipped} skipped" if tests.skipped else ""
        return (
            Verdict.NO_TESTS,
            f"exit status 0, but {gate.tests} tells of no test that ran{skipped}",
        )
    return Verdict.PASSED, f"exit status 0, {_counted(tests)}"


def _failed(status: int, tests: Counted | str | None) -> str:
    told = f"exit status {status}"
    if status in _SHELL:
        told += f": {_SHELL[status]}"
    elif _BY_SIGNAL < status <= _BY_SIGNAL + _LAST_SIGNAL:
        told += f": a command of it was killed by {_signal(str(status - _BY_SIGNAL))}"
    return f"{told}; {_counted(tests)}" if isinstance(tests, Counted) else told


def _counted(tests: Counted) -> str:
    told = _many(tests.ran, "test")
    if tests.failed:
        told = f"{tests.failed} of {told} failed"
    return f"{told}, {tests.skipped} skipped" if tests.skipped else told


def _many(number: int, what: str) -> str:
    plural = "es" if what.endswith("s") else "s"
    return f"{number} {what}{'' if number == 1 else plural}"


def _some(paths: Sequence[str]) -> str:
    more = len(paths) - SHOWN
    return ", ".join(paths[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def _signal(status: str) -> str:
    if status.isdigit():
        return _SIGNALS.get(int(status), f"signal {status}")
    return f"SIG{status.removeprefix('SIG')}" if status else "a signal"


_SIGNALLED: Final = frozenset({"signal", "core-dump", "watchdog"})
# Those that kill, by the numbers that they have on every Linux that we know.
_SIGNALS: Final[Mapping[int, str]] = {
    1: "SIGHUP",
    2: "SIGINT",
    3: "SIGQUIT",
    4: "SIGILL",
    6: "SIGABRT",
    8: "SIGFPE",
    9: "SIGKILL",
    11: "SIGSEGV",
    13: "SIGPIPE",
    15: "SIGTERM",
}
_NEVER_STARTED: Final[Mapping[str, str]] = {
    "resources": "the system had not what it takes",
    "start-limit-hit": "it was started too often",
    "exec-condition": "a condition of it does not hold",
    "protocol": "it did not say that it began",
}
# What the service manager exits with where it could not begin; a command that does has failed either way.
_BEFORE: Final[Mapping[int | None, str]] = {
    200: "a directory that it cannot enter",
    203: "a program that cannot be executed",
    205: "a limit that cannot be set",
    209: "output that cannot be opened",
    216: "a group that is not there",
    217: "a user that is not there",
    218: "capabilities that cannot be set",
    225: "a network that cannot be had",
    226: "a namespace that cannot be had",
    228: "a system call filter that cannot be set",
    233: "a runtime directory that cannot be made",
    238: "a state directory that cannot be made",
    243: "credentials that cannot be had",
}
_SHELL: Final[Mapping[int, str]] = {
    126: "a command cannot be executed",
    127: "a command was not found",
}
_BY_SIGNAL: Final = 128
_LAST_SIGNAL: Final = 64
# As the package's gatetree.py has it.
_HOST_ENDED: Final = 253
