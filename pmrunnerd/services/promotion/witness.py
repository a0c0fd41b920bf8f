"""What root itself wrote down of gates, held beside the record that a daemon brings: it could say that all passed."""

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from msgspec import UNSET

from pmrunnerd.model.errors import Refused
from pmrunnerd.model.gates import Gate, GateResult, GateRun, Verdict
from pmrunnerd.services.gates.record import Record, decode

GATES: Final = "gates"
_MOST: Final = 2 << 20
_FLAGS: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


def unseen(place: Path, run: GateRun) -> list[str]:
    """Return each gate that passed by a gate run, and of which root has seen no such try. Raises OSError.

    What a person attested nobody tried. Without a service manager nobody but the daemon writes down anything.
    """
    if not place.is_dir():
        return []
    known = {gate.name: gate for gate in run.gates.gates}
    passed = [
        (known[one.gate], one)
        for one in run.results
        if one.verdict is Verdict.PASSED and not one.signed_by and one.gate in known
    ]
    seen = list(_records(place))
    return [
        f"{gate.name} passed, and root has not seen that"
        for gate, result in passed
        if not any(_is_it(one, gate, result, run.build) for one in seen)
    ]


def _is_it(seen: Record, gate: Gate, result: GateResult, build: str) -> bool:
    spec = seen.spec
    return (
        spec is not UNSET
        and (spec.gate, spec.command, spec.prepares) == (gate.name, gate.command, "")
        and (seen.code, seen.status, seen.log) == ("exited", "0", result.log)
        and not (seen.altered or seen.refused)
        # What answered for an earlier commit may have been given what was built of that.
        and (bool(result.answered_by) or spec.build == build)
    )


def _records(place: Path) -> Iterator[Record]:
    for path in _files(sorted(place.glob("*.json"))):
        try:
            yield decode(path, Record)
        except Refused:
            continue  # it speaks for no gate


def _files(paths: Iterable[Path]) -> Iterator[bytes]:
    for path in paths:
        file = os.open(path, _FLAGS)
        with os.fdopen(file, "rb") as opened:
            if stat.S_ISREG(os.fstat(file).st_mode):
                yield opened.read(_MOST)
