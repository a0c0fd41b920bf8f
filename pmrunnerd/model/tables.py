"""A table of entities that remembers how to take back what was written since a mark.

What is written goes straight in, and its undoing into a log: to try something on costs what it
writes, not what the table holds. What is finished may have been put away; it is looked up then.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

K = TypeVar("K")
V = TypeVar("V")

# Stands for "there was none" and "there is none any more".
GONE: Final[Any] = object()


# One write: in which table, under which key, what was there before and what is there now. A bare
# tuple, because each commit makes some.
Write = tuple[str, Any, Any, Any]


class Table(dict[K, V]):
    """A dictionary whose writes are noted in a log, all but those by `put`."""

    __slots__ = ("_log", "_name")

    def __init__(self, name: str, log: list[Write]) -> None:
        super().__init__()
        self._name = name
        self._log = log

    def __setitem__(self, key: K, value: V) -> None:
        self._log.append((self._name, key, dict.get(self, key, GONE), value))
        dict.__setitem__(self, key, value)

    def __delitem__(self, key: K) -> None:
        self._log.append((self._name, key, dict.__getitem__(self, key), GONE))
        dict.__delitem__(self, key)

    def pop(self, key: K, default: Any = None) -> Any:
        """Take out what is alive; what was put away stays there."""
        value = dict.get(self, key, default)
        if dict.__contains__(self, key):
            del self[key]
        return value

    def put(self, key: K, value: V) -> None:
        """Write past the log: what is known to be so, and is never taken back; GONE removes."""
        if value is GONE:
            dict.pop(self, key, None)
        else:
            dict.__setitem__(self, key, value)

    def put_all(self, pairs: Iterable[tuple[K, V]]) -> None:
        """Write all of them past the log."""
        dict.update(self, pairs)


class Shelf(Table[K, V]):
    """A table of which a part was put away. Looking up finds it, iterating shows what is alive.

    `elsewhere` is asked for what is not here, by the table's name and the key; it raises KeyError.
    """

    __slots__ = ("_elsewhere",)

    def __init__(
        self, name: str, log: list[Write], elsewhere: Callable[[str, str], Any] | None
    ) -> None:
        super().__init__(name, log)
        self._elsewhere = elsewhere

    def __missing__(self, key: K) -> V:
        if self._elsewhere is None:
            raise KeyError(key)
        found: V = self._elsewhere(self._name, str(key))
        return found

    def get(self, key: K, default: Any = None) -> Any:
        """Look a key up, wherever it is."""
        try:
            return self[key]
        except KeyError:
            return default

    def __contains__(self, key: object) -> bool:
        return self.get(key, GONE) is not GONE  # type: ignore[arg-type]

    def is_alive(self, key: K) -> bool:
        """Tell whether it is here, and was not put away."""
        return dict.__contains__(self, key)
