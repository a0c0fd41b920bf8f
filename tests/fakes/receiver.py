"""What stands at the other end of a webhook: it takes what is posted, and answers as it is told to."""

import http.server
import json
import threading
from types import TracebackType
from typing import Any, Final, Self

LOOPBACK: Final = "127.0.0.1"


class Receiver:
    """A server on loopback. `answers` are statuses that are used up; the last one stays."""

    def __init__(self, *answers: int, headers: dict[str, str] | None = None) -> None:
        self.answers = [*(answers or (204,))]
        self.headers = headers or {}
        self.taken: list[tuple[str, dict[str, Any]]] = []
        self.came = threading.Semaphore(0)
        self._server = http.server.ThreadingHTTPServer((LOOPBACK, 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}/hush"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def wait(self) -> dict[str, Any]:
        """Return the next one that came."""
        assert self.came.acquire(timeout=180), "nothing came"
        return self.taken[-1][1]

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.taken.append((self.path, json.loads(body)))
                rest = receiver.answers
                self.send_response(rest.pop(0) if len(rest) > 1 else rest[0])
                for name, value in receiver.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                receiver.came.release()

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        return Handler
