"""Gates as a table of TOML declares them; all that is wrong with it is said at once."""

import re
from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import PurePosixPath
from typing import Any, Final

from pmrunnerd.model.gates import NO_TESTS, Gate, GateSet, Preparation, Where
from pmrunnerd.model.quantities import TIMES, number, span
from pmrunnerd.rules.gates import globs

NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,39}")
MOST: Final = 100
# Of what a gate lists: each pattern is held against each file of a source.
LONGEST_LIST: Final = 100
LONGEST_COMMAND: Final = 64 << 10
# As long as anything may take, whatever it declares.
LONGEST_TIMEOUT: Final = 86400.0

_Wrong = list[str]


def read(ours: object, prefix: str) -> tuple[GateSet, list[str]]:
    """Return the gates of a table, and what is wrong; where anything is, the gates are not to be used.

    `prefix` is how its keys are called in the file: `tool.pm-runner.`, or nothing.
    """
    wrong: _Wrong = []
    top = _Reader(ours, prefix.rstrip("."), wrong)
    declared = _Reader(top.given.get("gates", {}), f"{prefix}gates", wrong)
    if len(declared.given) > MOST:
        return GateSet(gates=(), source=""), [f"it has more than {MOST} gates"]
    gates = tuple(_gate(name, declared.take(name), wrong) for name in [*declared.given])
    prepare = None
    if "gates-prepare" in top.given:
        prepare = _preparation(_Reader(top.given["gates-prepare"], f"{prefix}gates-prepare", wrong))
    # Others beside these are somebody else's; those of nearly our name are meant for us.
    wrong += [
        f"{prefix}{key[:60]} is no table of gates: those are `gates` and `gates-prepare`"
        for key in top.given
        if key.startswith("gate") and key not in {"gates", "gates-prepare"}
    ]
    wrong += _needs(gates)
    return GateSet(gates=gates, source="", prepare=prepare), wrong


def _gate(name: str, given: object, wrong: _Wrong) -> Gate:
    if not NAME.fullmatch(name):
        wrong.append(
            f"{name[:60]!r} is no name of a gate: a-z first, then a-z, 0-9, `-`, `_`, up to 40"
        )
    reader = _Reader(given, f"gate {name[:60]}", wrong)
    gate = Gate(
        name=name,
        command=reader.command(),
        needs=reader.texts("needs"),
        timeout=reader.timeout(600.0),
        inputs=reader.globs(),
        tests=reader.tests(),
        network=reader.truth("network"),
        runs=reader.where(),
    )
    reader.finish()
    return gate


def _preparation(reader: "_Reader") -> Preparation:
    prepare = Preparation(
        command=reader.command(), inputs=reader.globs(), timeout=reader.timeout(1800.0)
    )
    reader.finish()
    return prepare


def _needs(gates: Iterable[Gate]) -> list[str]:
    known = {gate.name: gate for gate in gates}
    wrong = [
        f"gate {gate.name}: needs: there is no gate {need!r}"
        for gate in known.values()
        for need in gate.needs
        if need not in known
    ]
    try:
        TopologicalSorter({name: gate.needs for name, gate in known.items()}).prepare()
    except CycleError as error:
        wrong.append(f"gates need each other: {' needs '.join(reversed(error.args[1]))}")
    return wrong


class _Reader:
    """Takes keys out of one table, notes what is wrong with each, and what nobody took."""

    def __init__(self, given: object, who: str, wrong: _Wrong) -> None:
        self._who = who
        self._wrong = wrong
        self.given: Mapping[str, Any] = {}
        self._is_table = isinstance(given, dict)
        if isinstance(given, dict):
            self.given = given
        else:
            self._say("is no table")
        self._left = set(self.given)

    def take(self, key: str) -> Any:
        self._left.discard(key)
        return self.given.get(key)

    def finish(self) -> None:
        for key in sorted(self._left):
            self._say(f"has no key {key[:60]!r}")

    def command(self) -> str:
        command = self.take("command")
        if command is None:
            if self._is_table:
                self._say("has no command")
            return ""
        if not isinstance(command, str) or not command.strip() or "\0" in command:
            self._say("command: is no text of a command")
            return ""
        if len(command) > LONGEST_COMMAND:
            self._say(f"command: is longer than {LONGEST_COMMAND} characters; put it in a file")
        return command.strip()

    def texts(self, key: str) -> tuple[str, ...]:
        texts = self.take(key)
        if texts is None:
            return ()
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            self._say(f"{key}: is no list of texts")
            return ()
        if len(texts) > LONGEST_LIST:
            self._say(f"{key}: has more than {LONGEST_LIST} texts")
            return ()
        for twice in sorted({text for text in texts if texts.count(text) > 1}):
            self._say(f"{key}: has {twice!r} twice")
        return tuple(texts)

    def globs(self) -> tuple[str, ...]:
        patterns = self.texts("inputs")
        for pattern in patterns:
            if problem := globs.problem(pattern):
                self._say(f"inputs: {pattern[:60]!r} {problem}")
        if patterns and all(pattern.startswith("!") for pattern in patterns):
            self._say("inputs: each of them takes back, and none takes anything")
        return patterns

    def timeout(self, otherwise: float) -> float:
        given = self.take("timeout")
        if given is None:
            return otherwise
        seconds = number(given, TIMES) if isinstance(given, str) else None
        if seconds is None:
            self._say(f'timeout: {str(given)[:60]!r} is no time, such as "90s", "10min" or "2h"')
        elif seconds <= 0:
            self._say("timeout: is 0: nothing would ever pass")
        elif seconds > LONGEST_TIMEOUT:
            self._say(f"timeout: is more than {span(LONGEST_TIMEOUT)}")
        else:
            return seconds
        return otherwise

    def tests(self) -> str:
        given = self.take("tests")
        if given is None or given == NO_TESTS:
            return NO_TESTS
        if not isinstance(given, str) or not given or not given.isprintable():
            self._say('tests: is neither "none" nor the path of a JUnit file')
            return NO_TESTS
        path = PurePosixPath(given)
        if path.is_absolute() or ".." in path.parts or path == PurePosixPath():
            self._say(f"tests: {given[:60]!r} is outside of the tree")
        return path.as_posix()

    def truth(self, key: str) -> bool:
        given = self.take(key)
        if given is None or isinstance(given, bool):
            return bool(given)
        self._say(f"{key}: is neither true nor false")
        return False

    def where(self) -> Where:
        given = self.take("runs")
        if given is None or given in [*Where]:
            return Where(given or Where.UNIT)
        self._say(f"runs: {str(given)[:60]!r} is none of {', '.join(Where)}")
        return Where.UNIT

    def _say(self, what: str) -> None:
        self._wrong.append(f"{self._who}{' ' if what.startswith(('is ', 'has ')) else ': '}{what}")
