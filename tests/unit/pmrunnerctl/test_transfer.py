import io
from pathlib import Path

import pytest

from pmrunnerctl.client import Client
from pmrunnerctl.exits import Cannot, Exit
from pmrunnerctl.transfer import Progress, fetch, send
from pmrunnerctl.where import Place
from pmrunnerd.model import frames
from pmrunnerd.model import protocol as p
from pmrunnerd.model.errors import Code
from pmrunnerd.model.upkeep import BackedUp, Piece, Uploaded
from tests.fakes.daemon import HANG_UP, FakeDaemon, Stream
from tests.unit.pmrunnerctl.conftest import Paper
from tests.unit.store.parts import AT, RESTORED

DONE = BackedUp(environment="dev", release="0.1.0", at=AT, files=2, bytes=9, excluded=())
WHOLE = [
    Piece(cursor=3, data=b"one"),
    Piece(cursor=6, data=b"two"),
    Piece(cursor=6, backed_up=DONE),
]


def fetched(path: Path, out: io.BytesIO, paper: Paper | None = None) -> BackedUp:
    return fetch(Place(path, ""), out, Progress(paper or Paper(), "backed up"))


def test_the_pieces_of_an_archive_are_put_together(daemon: FakeDaemon) -> None:
    daemon.answers[p.StateBackup] = Stream(WHOLE)
    out = io.BytesIO()

    assert fetched(daemon.path, out) == DONE
    assert out.getvalue() == b"onetwo"


@pytest.mark.parametrize("reason", ["stopping", "lagged", "end"])
def test_half_an_archive_is_none(daemon: FakeDaemon, reason: str) -> None:
    daemon.answers[p.StateBackup] = Stream(WHOLE[:1], reason)

    with pytest.raises(Cannot, match="before the archive was whole"):
        fetched(daemon.path, io.BytesIO())


def test_a_daemon_that_dies_in_the_middle_is_not_asked_for_the_rest(daemon: FakeDaemon) -> None:
    daemon.answers[p.StateBackup] = Stream(WHOLE[:1], "")

    with pytest.raises(Cannot, match="it closed the connection") as lost:
        fetched(daemon.path, io.BytesIO())
    assert lost.value.exits is Exit.UNREACHABLE
    assert len(daemon.heard) == 1


def test_who_may_not_is_told_so(daemon: FakeDaemon) -> None:
    daemon.answers[p.StateBackup] = frames.Failed(
        call=0, code=Code.FORBIDDEN, message="cannot do state backup: anna may read, not admin"
    )

    with pytest.raises(Cannot, match="anna may read") as refused:
        fetched(daemon.path, io.BytesIO())
    assert refused.value.exits is Exit.FORBIDDEN


def test_an_archive_is_sent_in_order_and_once_more_where_the_answer_was_lost(
    daemon: FakeDaemon,
) -> None:
    daemon.answers[p.StateUpload] = [HANG_UP, Uploaded(size=1)]
    daemon.answers[p.StateRestore] = [HANG_UP, RESTORED]
    client = Client(Place(daemon.path, ""), patience=5, tell=lambda _: None)
    data = bytes(p.UPLOAD_LIMIT) + b"rest"
    found = send(client, io.BytesIO(data), Progress(Paper(), "sent"), force=True)
    client.close()
    first, again, rest, *restores = daemon.requests()

    assert found == RESTORED
    assert first == again
    assert (first.offset, first.data + rest.data, rest.offset) == (0, data, p.UPLOAD_LIMIT)
    assert restores == [p.StateRestore(upload=first.upload, force=True)] * 2


def test_nothing_at_all_is_sent_too_and_the_daemon_says_what_it_is(daemon: FakeDaemon) -> None:
    daemon.answers[p.StateUpload] = Uploaded(size=0)
    daemon.answers[p.StateRestore] = frames.Failed(call=0, code=Code.REFUSED, message="cannot")
    client = Client(Place(daemon.path, ""), patience=0, tell=lambda _: None)
    with pytest.raises(Cannot):
        send(client, io.BytesIO(b""), Progress(Paper(), "sent"), force=False)
    client.close()

    assert [type(request) for request in daemon.requests()] == [p.StateUpload, p.StateRestore]


def test_how_far_it_is_stands_on_a_terminal_and_goes_and_in_a_pipe_there_is_nothing() -> None:
    terminal, pipe = Paper(columns=80), Paper()
    for paper in (terminal, pipe):
        with Progress(paper, "sent") as progress:
            progress.working("waiting")

    assert terminal.text == "\r\x1b[Kwaiting\r\x1b[K"
    assert pipe.text == ""
