"""What the run host says, in the order in which it is said: one line of the event file each."""

from msgspec import structs

from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.progress import (
    AnyProgress,
    Asked,
    Began,
    Committed,
    Finished,
    Kept,
    Output,
    PutAway,
    PutBack,
)
from pmrunnerd.model.questions import OPTIONS, Kind
from pmrunnerd.services.cgroup import Group
from pmrunnerd.services.child import Usage
from pmrunnerd.services.clock import Clock
from pmrunnerd.services.commits import Commit
from pmrunnerd.services.keeping import Keeping
from pmrunnerd.services.rundir import EventWriter


class Reporter:
    """Writes a run's reports. Each method raises CannotReport where the disk takes no more."""

    def __init__(self, writer: EventWriter, clock: Clock) -> None:
        self._writer = writer
        self._clock = clock
        self._usage: Usage | None = None

    def began(self, head: str, *, confined: bool, pid: int) -> None:
        """Say that the workspace is held and the agent starts."""
        self._say(Began(at=self._clock.now(), head=head, confined=confined, pid=pid))

    def put_back(self, ref: str, *, there: bool) -> None:
        """Say what became of what the task's runs had left; what is there survives a power cut."""
        self._say(PutBack(at=self._clock.now(), ref=ref, there=there))
        self._writer.sync()

    def output(self, stream: str, text: str) -> None:
        """Pass on what the agent printed; stream `runner` is ourselves."""
        self._say(Output(at=self._clock.now(), stream=stream, text=text))

    def tell(self, progress: AnyProgress) -> None:
        """Pass on what the agent reported in words of ours; when it was is added."""
        self._say(structs.replace(progress, at=self._clock.now()))

    def told(self, text: str) -> None:
        """Say something of our own that people are to know."""
        self.output("runner", f"{text}\n")

    def asked(self, text: str, options: tuple[str, ...]) -> None:
        """Pass on what the agent asked."""
        self._say(Asked(at=self._clock.now(), text=text, options=options))

    def asks(self, kind: Kind, text: str) -> None:
        """Ask something of our own; its kind says what may be answered."""
        self._say(Asked(at=self._clock.now(), text=text, options=OPTIONS[kind], kind=kind))

    def used(self, usage: Usage) -> None:
        """Take note of what the agent used; it is said at the end."""
        self._usage = usage

    def measured(self, group: Group) -> None:
        """Take note of what the kernel counted for the whole run, which is more than was waited for."""
        known = self._usage or Usage(0, 0.0)
        peak, seconds = group.peak_memory(), group.cpu_seconds()
        if peak is not None or seconds is not None:
            self._usage = Usage(
                known.peak_memory if peak is None else peak,
                known.cpu_seconds if seconds is None else seconds,
            )

    def committed(self, commit: Commit) -> None:
        """Say that the work is a commit."""
        at = self._clock.now()
        self._say(Committed(at=at, commit=commit.id, subject=commit.subject, files=commit.files))

    def kept(self, kept: Keeping) -> None:
        """Say where what the run left behind is."""
        self._say(Kept(at=self._clock.now(), **structs.asdict(kept)))

    def put_away(self, run: str, kept: Keeping) -> None:
        """Say where what an earlier run left behind is."""
        self._say(PutAway(at=self._clock.now(), run=run, **structs.asdict(kept)))

    def finished(self, outcome: Outcome, reason: str, status: int | None) -> None:
        """Say the last word, once everything before it survives a power cut."""
        self._writer.sync()
        self._say(
            Finished(
                at=self._clock.now(),
                outcome=outcome,
                reason=reason,
                status=status,
                peak_memory=self._usage.peak_memory if self._usage else None,
                cpu_seconds=round(self._usage.cpu_seconds, 3) if self._usage else None,
            )
        )
        self._writer.sync()

    def _say(self, progress: AnyProgress) -> None:
        self._writer.write(progress)
