"""What carries a notification out: a program of its own, since the daemon has no network.

An order goes to it on a socket, and the word of what came of it comes back. Nothing of it is on a
disk, in a variable or on a command line: its target may be a secret.
"""

from typing import Final, Protocol

from pmrunnerd.model.notices import Order, Word

# Seconds: until the program is there, and until it has said what came of its order.
BEGIN: Final = 20.0
END: Final = 90.0


class Courier(Protocol):
    """Has orders carried out, each by a program that lives no longer than that."""

    async def carry(self, order: Order) -> Word:
        """Have it carried out. Raises Unavailable where nobody does it, or says what came of it; OSError."""
