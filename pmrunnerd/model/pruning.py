"""What people are shown of runs whose files may go, or went."""

from pmrunnerd.model.views import View


class PruneRow(View, frozen=True, kw_only=True):
    """A run whose files may go, or went: bytes, seconds since they last changed, and why.

    `refs` are the references of its workspace that go with them.
    """

    run: str
    alias: str
    size: int
    age: float
    reason: str
    refs: tuple[str, ...] = ()


class PruneTable(View, frozen=True, kw_only=True):
    """Runs whose files may go, or went, oldest first, and what of all runs stays.

    `freed` and `kept` are bytes, `limit` the most that may be kept. `left` says in words what could
    not be deleted yet, and stays until it can.
    """

    runs: tuple[PruneRow, ...]
    freed: int
    kept: int
    limit: int
    left: tuple[str, ...] = ()
