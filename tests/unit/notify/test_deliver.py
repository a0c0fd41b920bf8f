import contextlib
import signal
import socket
import threading

from pmrunnerd.notify.deliver import PAUSES, deliver
from tests.fakes.receiver import Receiver
from tests.unit.notify.orders import order


def test_what_is_refused_is_not_tried_again() -> None:
    pauses: list[float] = []
    with Receiver() as receiver:
        word = deliver(order(receiver.url, private=()), pause=pauses.append)
    assert (word.delivered, word.tries, pauses, receiver.taken) == (False, 1, [], [])
    assert "not listed in notify.private" in word.said
    assert word.hint.startswith('private = "127.0.0.1"')


def test_who_is_busy_is_asked_again_a_little_later() -> None:
    pauses: list[float] = []
    with Receiver(503, 429, 200) as receiver:
        word = deliver(order(receiver.url), pause=pauses.append)
    assert (word.delivered, word.tries) == (True, 3)
    assert pauses == [*PAUSES[:2]]


def test_who_stays_busy_is_left_alone_after_a_few_tries() -> None:
    pauses: list[float] = []
    with Receiver(500) as receiver:
        word = deliver(order(receiver.url), pause=pauses.append)
    assert (word.delivered, word.tries, pauses) == (False, len(PAUSES) + 1, [*PAUSES])
    assert word.said.endswith("it said 500")


def test_who_never_comes_to_an_end_has_so_many_seconds_in_all() -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        enough = threading.Event()

        def drip() -> None:
            line, _ = door.accept()
            with line, contextlib.suppress(OSError):  # whoever posted has gone by then
                line.sendall(b"HTTP/1.1 200 OK\r\n")
                while not enough.wait(0.01):
                    line.sendall(b"A")

        thread = threading.Thread(target=drip)
        thread.start()
        url = f"http://127.0.0.1:{door.getsockname()[1]}/hush"
        word = deliver(order(url), pause=lambda _: None, total=0.3)
        enough.set()
        thread.join()
    assert not word.delivered
    assert word.said.endswith("took longer than 0.3 s")
    assert "hush" not in word.said
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
