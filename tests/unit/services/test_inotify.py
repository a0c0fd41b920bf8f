import os
import queue
from pathlib import Path

from pmrunnerd.services import inotify


def test_what_is_written_is_told_and_what_is_only_looked_at_is_not_where_nothing_else_is_asked_for(
    tmp_path: Path,
) -> None:
    heard: queue.SimpleQueue[inotify.Event] = queue.SimpleQueue()
    observer = inotify.Observer()
    observer.schedule(inotify.Told(heard.put), os.fspath(tmp_path), event_filter=inotify.WRITTEN)
    observer.start()
    try:
        (tmp_path / "made").mkdir()
        (tmp_path / "file").write_text("first")
        told = heard.get(timeout=60)
    finally:
        observer.stop()
        observer.join()

    assert (told.src_path, told.event_type) == (os.fspath(tmp_path / "file"), "modified")
