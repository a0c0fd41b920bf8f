import http.server
import socket
import ssl
import subprocess
import threading
from pathlib import Path

import pytest

from pmrunnerd.model.notices import Word
from pmrunnerd.notify.dial import Forbidden, Unreachable
from pmrunnerd.notify.reach import listed
from pmrunnerd.notify.webhook import post
from tests.fakes.receiver import Receiver
from tests.unit.notify.orders import LISTED, NOTIFICATION

HERE = listed(LISTED)


def test_what_is_posted_is_the_notification_as_json_and_the_path_is_not_repeated() -> None:
    with Receiver() as receiver:
        word = post(receiver.url, NOTIFICATION, HERE)
    ((path, body),) = receiver.taken
    assert path == "/hush"
    assert (body["title"], body["urgency"]) == ("pm-runner prod: a question waits", "high")
    assert body["about"] == [
        {"what": "question", "id": "q7", "text": "Which flour?", "project": "cake"}
    ]
    assert word == Word(delivered=True, said=f"http://127.0.0.1:{receiver.port}/… took it (204)")


def test_a_redirect_is_not_followed() -> None:
    with Receiver() as inner, Receiver(302, headers={"Location": inner.url}) as receiver:
        with pytest.raises(Forbidden, match="said 302, and redirects are not followed"):
            post(receiver.url, NOTIFICATION, HERE)
        assert inner.taken == []


@pytest.mark.parametrize(("status", "kind"), [(404, Forbidden), (410, Forbidden)])
def test_a_refusal_is_final(status: int, kind: type[Exception]) -> None:
    with Receiver(status) as receiver, pytest.raises(kind, match=rf"refused \({status}\)") as told:
        post(receiver.url, NOTIFICATION, HERE)
    assert "hush" not in str(told.value)


@pytest.mark.parametrize("status", [429, 408, 500, 503])
def test_what_may_be_taken_later_is_not(status: int) -> None:
    with Receiver(status) as receiver, pytest.raises(Unreachable, match=f"said {status}") as told:
        post(receiver.url, NOTIFICATION, HERE)
    assert not isinstance(told.value, Forbidden)


def test_a_server_that_hangs_up_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:

        def hang_up() -> None:
            door.accept()[0].close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        with pytest.raises(Unreachable, match="cannot speak to 127"):
            post(f"http://127.0.0.1:{door.getsockname()[1]}/", NOTIFICATION, HERE)
        thread.join()


def test_a_certificate_that_nobody_vouches_for_is_no_receiver_s(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key", tmp_path / "certificate"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *(
                "-nodes",
                "-days",
                "1",
                "-subj",
                "/CN=localhost",
                "-keyout",
                key,
                "-out",
                certificate,
            ),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread = threading.Thread(target=server.handle_request)
    thread.start()
    with pytest.raises(Forbidden, match=r"cannot trust 127\.0\.0\.1: self"):
        post(f"https://127.0.0.1:{server.server_port}/hush", NOTIFICATION, HERE)
    thread.join()
    server.server_close()


def test_what_is_no_url_goes_nowhere() -> None:
    with pytest.raises(Forbidden, match="that is no URL"):
        post("ftp://hush", NOTIFICATION, HERE)
