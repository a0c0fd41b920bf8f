"""The way there and the way back under strace: the calls that they make, and what must be true of what they leave."""

import json
import re
import subprocess
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from tests.crash.tracing import STRACE
from tests.house.tree import ROOT
from tests.package.ontrial import FAILED, LAUNCH, NEW, OLD, PYTHON, OnTrial, told

CHANGES: Final = (
    *("openat", "write", "pwrite64", "chmod", "fchmod", "fsync", "fdatasync"),
    *("rename", "unlink", "symlink", "mkdir", "rmdir"),
)
READS: Final = ("flock", "readlink")
# Whoever may come next, and what of a daemon's end that says which they come after.
NEXT: Final = ("count", "settle", "return")
_HEX: Final = re.compile(r"(?:\\x[0-9a-f]{2})+")
_LINE: Final = re.compile(r"(?P<call>\w+)\((?P<words>.*)\) += (?P<result>-?[0-9]+)")
_PROMOTES: Final = (
    "import os, sys; sys.path.insert(0, sys.argv[1]); import switching, trial;"
    "found = trial.Trial('prod', sys.argv[2]);"
)


class Places(Protocol):
    """An environment: where its links are, and what root writes down of it."""

    home: Path
    place: Path


class Call(NamedTuple):
    """A system call on one of the two directories: which one of its kind it is, and on what."""

    name: str
    when: int
    words: tuple[str, ...]
    failed: bool

    @property
    def paths(self) -> list[str]:
        """Return what its words name, as far as that is a path."""
        parts = (part for word in self.words for part in re.split(r'["<>]', word))
        return [part for part in parts if "/" in part]

    @property
    def changes(self) -> bool:
        is_read = self.name == "openat" and not any("O_CREAT" in word for word in self.words)
        return self.name in CHANGES and not is_read and not self.failed


class Deed(NamedTuple):
    """What is done, what there is before, and what is said of a daemon's end."""

    words: tuple[str, ...]
    prepare: Callable[[OnTrial], object]
    said: Mapping[str, str] = {}


def _nothing(prod: OnTrial) -> None:
    del prod


def _begun(prod: OnTrial) -> None:
    prod.begin()


def _started(prod: OnTrial) -> None:
    prod.begin()
    prod.do("count")


def _failed(prod: OnTrial) -> None:
    _started(prod)
    prod.do("ended", **FAILED)


def _booted(prod: OnTrial) -> None:
    prod.begin()
    with prod.held() as found:
        found.write(boot="another")


def _launch(deed: str) -> tuple[str, ...]:
    return (*LAUNCH, "--root", "@", deed, "prod")


def _promote(text: str) -> tuple[str, ...]:
    return (PYTHON, "-IBSc", _PROMOTES + text, str(ROOT / "packaging"), "@")


DEEDS: Final[Mapping[str, Deed]] = {
    "begin": Deed(_promote(f"sys.exit(bool(switching.begin(found, 'p1', '{NEW}')))"), _nothing),
    "count": Deed(_launch("count"), _begun),
    "count, and go back": Deed(_launch("count"), _failed),
    "count what nobody saw end": Deed(_launch("count"), _started),
    "ended": Deed(_launch("ended"), _started, FAILED),
    "return": Deed(_launch("return"), _begun),
    "settle": Deed(_launch("settle"), _booted),
    "confirm": Deed(_promote("sys.exit(not switching.confirm(found, 'p1'))"), _started),
}


def prepared(deed: Deed, root: Path) -> OnTrial:
    root.mkdir()
    prod = OnTrial(root)
    prod.build()
    deed.prepare(prod)
    return prod


def run(deed: Deed, prod: OnTrial, trace: Path, *options: str) -> int:
    """Do it under strace; return how it ended."""
    words = [word.replace("@", str(prod.root)) for word in deed.words]
    with told(deed.said):
        done = subprocess.run([*strace(trace), *options, *words], capture_output=True, check=False)
    assert b"Traceback" not in done.stderr, done.stderr
    return done.returncode


def strace(trace: Path) -> list[str]:
    """Return how strace is called: the command, or `-p` and a process, comes behind it."""
    assert STRACE is not None
    calls = f"trace={','.join((*CHANGES, *READS))}"
    return [STRACE, "-qq", "-y", "-xx", "-s", "65536", "-o", str(trace), "-e", calls]


def killed_at(call: Call, how: str = "signal=KILL") -> tuple[str, str]:
    """Return what strace is told to kill it there, or to lie to it."""
    return ("-e", f"inject={call.name}:{how}:when={call.when}")


def calls(trace: Path, prod: Places) -> list[Call]:
    """Return the calls of a trace on the two directories and what is in them, in order."""
    found, counts = [], Counter[str]()
    places = (prod.home, prod.place)
    for line in trace.read_text().splitlines():
        if (made := _LINE.match(line)) is None:
            continue
        counts[made["call"]] += 1
        words = tuple(_plain(word) for word in made["words"].split(", "))
        call = Call(made["call"], counts[made["call"]], words, made["result"] == "-1")
        if any(f"{path}/".startswith(f"{place}/") for path in call.paths for place in places):
            found.append(call)
    return found


def _plain(word: str) -> str:
    return _HEX.sub(lambda hexed: bytes.fromhex(hexed[0].replace("\\x", "")).decode(), word)


def seen(prod: OnTrial) -> tuple[str, str, str, str]:
    """Return what counts of it: the record, the state it tells of, and where both links lead."""
    text = prod.file.read_text() if prod.file.exists() else "{}"
    previous = prod.home / "previous"
    links = (prod.dist, previous.readlink().name if previous.is_symlink() else "")
    return (text, json.loads(text).get("state", ""), *links)


def must_be_whole(prod: OnTrial) -> str:
    """Look at what somebody left who was cut off; return the state that its record tells of."""
    text, state, dist, _ = seen(prod)
    allowed = {"": {OLD}, "open": {OLD, NEW}, "confirmed": {NEW}, "returned": {OLD}}
    assert dist in allowed[state], f"{dist} runs, and the trial is {state or 'not there'}: {text}"
    return state


def must_be_finished_by(deed: str, prod: OnTrial) -> None:
    """Have the next one come, and look at what it made of that."""
    before = must_be_whole(prod)
    prod.attempt(deed)
    after = must_be_whole(prod)
    if after == "open":
        assert (prod.dist, deed) != (OLD, "count")
        assert deed != "return"
    if after == "returned":
        assert prod.record["why"], "the record does not say why"
    if before in {"", "confirmed", "returned"}:
        assert after == before
    there = prod.all()
    if after != "open":
        prod.attempt(deed)
        assert prod.all() == there, "the second one changes what the first one did"
