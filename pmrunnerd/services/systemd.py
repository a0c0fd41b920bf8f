"""What we tell the service manager that started us, if one did; nothing of it can stop us."""

import contextlib
import os
from typing import Any, Final

_MICRO: Final = 1_000_000
# Seconds more that a start may take, each time that it is seen to go on.
LONGER: Final = 30


class ServiceManager:
    """Speaks to NOTIFY_SOCKET where there is one, and to nobody otherwise."""

    def __init__(self) -> None:
        self._notifier: Any = None
        self._watchdog = os.environ.get("WATCHDOG_USEC", "")
        if os.environ.get("NOTIFY_SOCKET"):
            # Imported only here: who was not started by a service manager does not wait for it.
            with contextlib.suppress(Exception):
                import sdnotify  # noqa: PLC0415 - as the line above says

                notifier = sdnotify.SystemdNotifier()
                # A manager that does not read must not make us wait.
                notifier.socket.settimeout(0)
                self._notifier = notifier

    @property
    def listens(self) -> bool:
        """Whether a service manager started us."""
        return self._notifier is not None

    @property
    def watchdog_seconds(self) -> float | None:
        """Seconds within which `alive` must be said again; None if nobody waits for it."""
        return int(self._watchdog) / _MICRO if self._watchdog.isdigit() else None

    def ready(self, status: str = "") -> None:
        """Say that we answer from here on."""
        self._tell("READY=1", status)

    def status(self, status: str) -> None:
        """Say in one line what we are doing."""
        self._tell("", status)

    def starting(self, status: str) -> None:
        """Say that the start goes on, and may take longer: whoever hangs does not say so."""
        self._tell(f"EXTEND_TIMEOUT_USEC={LONGER * _MICRO}", status)

    def alive(self) -> None:
        """Say that the loop has done its work; nobody else may say it."""
        self._tell("WATCHDOG=1")

    def stopping(self, status: str = "") -> None:
        """Say that we are about to end, in good order."""
        self._tell("STOPPING=1", status)

    def close(self) -> None:
        """Say no more."""
        if self._notifier is not None:
            self._notifier.socket.close()
            self._notifier = None

    def _tell(self, state: str, status: str = "") -> None:
        if self._notifier is None:
            return
        lines = [state, f"STATUS={' '.join(status.split())}" if status else ""]
        # Whoever listens may be gone, at the very moment when we are to stop in good order.
        with contextlib.suppress(Exception):
            text = "\n".join(line for line in lines if line)
            # The library encodes Latin-1 and drops what is none; this way UTF-8 comes out of it.
            self._notifier.notify(text.encode().decode("latin-1"))
