"""Why a daemon is to leave, and what it does with its runs: asked by a client, or by a signal."""

import asyncio
import signal


class Departure:
    """Comes once; what is said last counts.

    `keep_runs`: agents go on without us. `comes_back`: another house is to be built at once,
    because a state was restored.
    """

    def __init__(self) -> None:
        self._come = asyncio.Event()
        self.why = ""
        self.keep_runs = False
        self.comes_back = False

    async def wait(self) -> None:
        """Return once there is a reason to leave."""
        await self._come.wait()

    def stop(self, keep_runs: bool) -> None:  # noqa: FBT001 - the desk's own signature
        """Leave, as a client asked."""
        self._leave("a client asked for it", keep_runs=keep_runs)

    def reopen(self) -> None:
        """Leave and come back, unless we are to leave anyway."""
        if not self._come.is_set():
            self._leave("a state is restored", come_back=True)

    def listen_to_signals(self) -> None:
        """Ctrl-C is a person who wants everything to stop; SIGTERM is said before a restart too."""
        loop = asyncio.get_running_loop()
        for number, keep_runs in ((signal.SIGTERM, True), (signal.SIGINT, False)):
            loop.add_signal_handler(number, self._heard, number, keep_runs)

    def _heard(self, number: signal.Signals, keep_runs: bool) -> None:  # noqa: FBT001 - asyncio's
        self._leave(f"{number.name} was received", keep_runs=keep_runs)

    def _leave(self, why: str, *, keep_runs: bool = False, come_back: bool = False) -> None:
        self.why, self.keep_runs, self.comes_back = why, keep_runs, come_back
        self._come.set()
