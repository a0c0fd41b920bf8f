"""Where a commit declares its gates: the first of four files that does, and that file alone.

`[tool.pm-runner.gates]` of pyproject.toml, pm-runner.toml, a script `gate:all` of package.json, a target
`gate-all` of a Makefile. A file that cannot be read is refused and not passed over: nobody knows what it declares.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import msgspec

from pmrunnerd.model.errors import Refused
from pmrunnerd.model.gates import NO_TESTS, Gate, GateSet
from pmrunnerd.model.quantities import size
from pmrunnerd.rules.gates import globs, makefile, table

# More of any of these files is no declaration but an attack, or a mistake.
LARGEST: Final = 1 << 20

FIRST_TABLE: Final = """append to pyproject.toml:

[tool.pm-runner.gates.unit]
command = "python -m pytest --junitxml=junit.xml"
tests = "junit.xml"
"""


PYPROJECT: Final = "pyproject.toml"
OWN: Final = "pm-runner.toml"
_PREPARE: Final = """
command = "uv sync --frozen --no-install-project"   # what it writes to $PMRUNNER_PREPARED, gates can read there
inputs = ["pyproject.toml", "uv.lock"]   # all that it is given
"""


def declared(files: Mapping[str, bytes]) -> GateSet:
    """Return the gates that the files at the top of a commit declare; those that are absent are not there.

    Raises Refused with everything that is wrong, or where there is no gate at all.
    """
    for name, read in _READERS.items():
        if name not in files:
            continue
        if len(files[name]) > LARGEST:
            raise _refused(name, f"it has more than {size(LARGEST)}")
        try:
            text = files[name].decode()
        except UnicodeDecodeError as error:
            raise _refused(name, f"byte {error.start} is no UTF-8") from None
        found = read(text, name)
        if found is not None:
            return found
    raise Refused(
        f"cannot find gates: none of {', '.join(_READERS)} declares any", hint=FIRST_TABLE
    )


def must_prepare(gates: GateSet) -> None:
    """Raise Refused where nothing is declared that makes what gates need, with the lines to add."""
    if gates.prepare is not None:
        return
    ours = gates.source in {PYPROJECT, OWN}
    where = f"append to {gates.source}" if ours else f"write its gates into {OWN}, and append there"
    prefix = "tool.pm-runner." if gates.source == PYPROJECT else ""
    raise Refused(
        f"cannot prepare gates: {gates.source} declares nothing that does",
        hint=f"{where}:\n\n[{prefix}gates-prepare]{_PREPARE}",
    )


def check_paths(gates: GateSet, paths: Iterable[str]) -> None:
    """Raise Refused where gates do not fit the source that declares them, whose paths these are.

    A JUnit file that stands in the commit would count tests that nobody ran; inputs that match
    nothing never change, so that one result would answer for ever.
    """
    known = frozenset(paths)
    wrong = [
        f"gate {gate.name}: tests: {gate.tests} is a file of the source, and nothing that a command wrote"
        for gate in gates.gates
        if gate.tests != NO_TESTS and gate.tests in known
    ]
    having = [(f"gate {gate.name}", gate.inputs) for gate in gates.gates]
    if gates.prepare is not None:
        having.append(("gates-prepare", gates.prepare.inputs))
    wrong += [
        f"{who}: inputs: {pattern!r} matches no file of the source"
        for who, patterns in having
        for pattern in patterns
        if not any(map(globs.taken([pattern.removeprefix("!")]), known))
    ]
    if wrong:
        raise _refused(gates.source, "; ".join(wrong))


def _pyproject(text: str, name: str) -> GateSet | None:
    tool = _toml(text, name).get("tool", {})
    ours = tool.get("pm-runner") if isinstance(tool, dict) else None
    if ours is None or (isinstance(ours, dict) and not _is_ours(ours)):
        return None
    return _table(ours, name, "tool.pm-runner.")


def _own(text: str, name: str) -> GateSet | None:
    ours = _toml(text, name)
    return _table(ours, name, "") if _is_ours(ours) else None


def _is_ours(given: Mapping[str, Any]) -> bool:
    return any(key.startswith("gate") for key in given)


def _table(ours: object, name: str, prefix: str) -> GateSet:
    found, wrong = table.read(ours, prefix)
    if wrong:
        raise _refused(name, "; ".join(wrong))
    if not found.gates:
        raise Refused(f"cannot find gates: {name} declares none", hint=FIRST_TABLE)
    return msgspec.structs.replace(found, source=name)


def _toml(text: str, name: str) -> dict[str, Any]:
    import tomllib  # noqa: PLC0415 - 2 ms of every start, for few of them

    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise _refused(name, f"it is no TOML: {_why(error)}") from None


def _package(text: str, name: str) -> GateSet | None:
    try:
        package = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise _refused(name, f"it is no JSON: {_why(error)}") from None
    if not isinstance(package, dict):
        raise _refused(name, "it is no object")
    scripts = package.get("scripts", {})
    if not isinstance(scripts, dict):
        raise _refused(name, "its `scripts` is no object")
    script = scripts.get("gate:all")
    if script is None:
        return None
    if not isinstance(script, str) or not script.strip():
        raise _refused(name, "its script `gate:all` is no command")
    return _all("npm run --silent gate:all", name)


def _makefile(text: str, name: str) -> GateSet | None:
    return _all("make gate-all", name) if makefile.has_target(text, "gate-all") else None


def _all(command: str, source: str) -> GateSet:
    return GateSet(gates=(Gate(name="all", command=command),), source=source)


def _why(error: Exception) -> str:
    return "it is nested too deep" if isinstance(error, RecursionError) else str(error)


def _refused(name: str, why: str) -> Refused:
    return Refused(f"cannot read the gates of {name}: {why}", hint="pmrunnerctl gate run --help")


_READERS: Final[Mapping[str, Callable[[str, str], GateSet | None]]] = {
    "pyproject.toml": _pyproject,
    "pm-runner.toml": _own,
    "package.json": _package,
    "Makefile": _makefile,
}
FILES: Final = tuple(_READERS)
