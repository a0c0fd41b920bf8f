"""What a run host says where the disk takes nothing more, in room of its own."""

from tests.unit.shortage import on_a_disk


def test_a_last_word_has_room_where_nothing_else_has() -> None:
    script = """
import sys
from pathlib import Path
from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.progress import Finished, Output
from pmrunnerd.services.rundir import CannotReport, EventWriter, RunDirectory

directory = RunDirectory(Path("/mnt/r1"))
directory.path.mkdir()
writer = EventWriter(directory)
if sys.argv[1] == "reserve":
    writer.reserve()
try:
    while True:
        writer.write(Output(at="", stream="stdout", text="x" * 9000))
except CannotReport as exc:
    print(exc.strerror)
with Path("/mnt/ballast").open("wb", buffering=0) as file:
    try:
        while True:
            file.write(bytes(512))
    except OSError:
        pass
try:
    writer.last_word(Finished(at="", outcome=Outcome.INTERRUPTED, reason="full" * 1000))
except CannotReport as exc:
    print("nor the last:", exc.strerror)
    raise SystemExit(0)
cursor = 0
while page := directory.read(cursor, 1000):
    *_, (cursor, last) = page
print(last.outcome, directory.last_word.exists())
"""
    no_room = "cannot report: No space left on device"
    assert on_a_disk("size=1m", script, "none") == [no_room, f"nor the last: {no_room}"]
    assert on_a_disk("size=1m", script, "reserve") == [no_room, "interrupted False"]
