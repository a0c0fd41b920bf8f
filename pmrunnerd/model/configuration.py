"""The settings of one daemon, out of its configuration file, its variables and its options.

The first that is given wins: an option, else a variable, else the file, else the default.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from pmrunnerd.model import quantities, variables
from pmrunnerd.model.errors import BadRequest
from pmrunnerd.model.settings import Row, Settings, table


def resolve(
    file: Mapping[str, Any], environment: Mapping[str, str], options: Mapping[str, Any]
) -> Settings:
    """Merge a parsed configuration file (tables of keys), variables and options (by field).

    Raises BadRequest naming the key that is unknown or has a wrong value.
    """
    rows = table()
    by_key = {row.key: row for row in rows}
    said: dict[str, Any] = {}
    for key, value in _flat(file, by_key):
        if key not in by_key:
            raise BadRequest(
                f"cannot use the configuration: there is no setting {key}",
                hint=_meant(key, by_key),
            )
        said[by_key[key].field] = value
    # What is wrong in the file is wrong, too, where something else wins: it may not tomorrow.
    _used(rows, said, _line)
    found = said | {r.field: environment[r.variable] for r in rows if r.variable in environment}
    found |= {field: value for field, value in options.items() if value is not None}
    return _used(rows, found, _option)


def _line(row: Row) -> str:
    section, _, name = row.key.rpartition(".")
    default = msgspec.json.encode(row.shown if row.units else row.default).decode()
    return f"{name} = {default}   # under [{section}] is the default"


def _option(row: Row) -> str:
    return f"{row.option} {row.shown}   is the default"


def _meant(key: str, known: Iterable[str]) -> str:
    """Return the hint about a key that is none: what it may have been meant to be, and where all are."""
    from difflib import get_close_matches  # noqa: PLC0415 - only a mistake pays for it

    names = list(known)
    last = [name for name in names if name.rpartition(".")[2] == key.rpartition(".")[2]]
    close = last or get_close_matches(key, names, n=1)
    meant = f"did you mean {' or '.join(close)}? " if close else ""
    return f"pmrunnerd --help   # {meant}it lists all settings"


def _used(
    rows: tuple[Row, ...], found: Mapping[str, Any], default: Callable[[Row], str]
) -> Settings:
    settings = Settings()
    for row in rows:
        if row.field in found:
            settings = _changed(settings, row, found[row.field], default)
    return settings


def _flat(
    table: Mapping[str, Any], known: Mapping[str, Row], before: str = ""
) -> Iterator[tuple[str, Any]]:
    """Yield the settings of a table by key; a table that is the value of one stays whole."""
    for name, value in table.items():
        key = f"{before}{name}"
        if isinstance(value, Mapping) and key not in known:
            yield from _flat(value, known, f"{key}.")
        else:
            yield key, value


def _changed(settings: Settings, row: Row, value: Any, default: Callable[[Row], str]) -> Settings:
    try:
        return msgspec.convert(
            {**msgspec.structs.asdict(settings), row.field: _read(row, value)},
            Settings,
            strict=False,
        )
    except (msgspec.ValidationError, _Wrong) as exc:
        given = "…" if row.secret else repr(value)
        raise BadRequest(
            f"cannot use setting {row.key} = {given}: it is {row.expects}",
            hint=f"{default(row)}; pmrunnerd -h lists them all",
        ) from (None if row.secret else exc)


class _Wrong(Exception):
    """A value is of the right type, and none that the setting can have."""


def _read(row: Row, value: Any) -> Any:
    """Return a value as the struct has it: a size or a time that has a unit is a number."""
    if row.check is not None:
        try:
            return row.check(value)
        except ValueError as exc:
            raise _Wrong from exc
    if isinstance(row.default, dict):
        given = variables.read(value) if isinstance(value, str) else value
        return variables.check(row.key, given, logins=row.logins)
    if row.units is None or not isinstance(value, str):
        return value
    found = quantities.number(value, row.units)
    if found is None:
        return value
    return int(found) if isinstance(row.default, int) else found
