"""The story of a task, a run or a project in the journal: entries that its environment wrote, and no others.

What is in an entry anybody may say, a run host of another environment too; of which unit it is the
journal says itself. It cannot be asked for all units of one environment, so what it found is looked through.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from pmrunnerctl import launch

_ALL: Final = -1


def show(
    unit: str, words: Sequence[str], *, lines: int, follow: bool, say: Callable[[str], None]
) -> bool:
    """Say the latest entries that the daemon of `unit` and its runs wrote; go on as there are more.

    Tells whether there was one. `words` are what journalctl is to look for, and each entry is said as it prints it, in JSON.
    Raises what `launch.journal` raises.
    """
    latest = deque[str](maxlen=lines)
    cursor = ""

    def keep(line: str) -> None:
        nonlocal cursor
        entry = _entry(line)
        cursor = entry.get("__CURSOR") or cursor
        if is_believed(entry, unit):
            latest.append(line)

    def tell(line: str) -> None:
        if is_believed(_entry(line), unit):
            say(line)

    launch.journal(unit, words, lines=_ALL, follow=False, each=keep)
    for line in latest:
        say(line)
    if follow:
        since = [f"--after-cursor={cursor}"] if cursor else []
        launch.journal(unit, [*words, *since], lines=_ALL, follow=True, each=tell)
    return follow or bool(latest) or lines == 0


def is_believed(entry: Mapping[str, Any], unit: str) -> bool:
    """Tell whether the journal says that a daemon or one of its runs wrote it."""
    wrote = entry.get("_SYSTEMD_UNIT")
    environment = unit.removeprefix("pm-runner@").removesuffix(".service")
    runs = f"pm-runner-run@{environment}-"
    return isinstance(wrote, str) and (wrote == unit or wrote.startswith(runs))


def text(line: str) -> str:
    """Return an entry, which is JSON, as journalctl shows it."""
    entry = _entry(line)
    at = datetime.fromtimestamp(int(entry.get("__REALTIME_TIMESTAMP") or 0) / 1e6, UTC).astimezone()
    who = f"{entry.get('SYSLOG_IDENTIFIER') or 'unknown'}[{entry.get('_PID') or '?'}]"
    return f"{at:%b %d %H:%M:%S} {entry.get('_HOSTNAME') or 'localhost'} {who}: {_message(entry)}"


def _message(entry: Mapping[str, Any]) -> str:
    """Return its words; what is not all text comes as numbers, and what is too long as nothing.

    Whoever writes an entry may say it twice: the first is what counts, as for journalctl.
    """
    said = entry.get("MESSAGE")
    if isinstance(said, list) and said and not isinstance(said[0], int):
        said = said[0]
    return bytes(said).decode(errors="replace") if isinstance(said, list) else str(said or "")


def _entry(line: str) -> Mapping[str, Any]:
    try:
        return msgspec.json.decode(line, type=dict[str, Any])
    except msgspec.DecodeError:
        return {}
