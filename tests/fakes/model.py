"""A model that says what a test wrote down: the Messages API on loopback, and nothing behind it.

A step is used once, and only by a request that holds what it should; whatever no step fits gets
nonsense, and is remembered as a surprise.
"""

import contextlib
import json
import socket
import threading
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import msgspec
from msgspec import Struct

NONSENSE: Final = "NONSENSE: the request did not hold what it should."
_USAGE: Final = {
    "input_tokens": 1000,
    "output_tokens": 50,
    "cache_read_input_tokens": 0,
    "cache_creation_input_tokens": 0,
}
_PIECES: Final = 4
_PAGE: Final = b"<html><body><h1>Blocked</h1></body></html>"


class Step(Struct, kw_only=True):
    """One answer. `last` must stand in the latest of what was said to the model, `anywhere` in any of it,
    and `offers` among the tools.

    `tools` are uses of tools: name, input. `error` is a status, a type, and headers;
    without a type it is no error of the API but a page. `delay` is seconds until the first byte;
    `hangs` never ends it, `cuts` closes in the middle.
    """

    text: str = ""
    tools: Sequence[tuple[str, Mapping[str, Any]]] = ()
    last: str = ""
    anywhere: str = ""
    offers: str = ""
    error: tuple[int, str, Mapping[str, str]] | None = None
    delay: float = 0.0
    hangs: bool = False
    cuts: bool = False
    repeats: bool = False
    usage: Mapping[str, int] = msgspec.field(default_factory=lambda: _USAGE)
    used: int = 0

    def fits(self, body: Mapping[str, Any]) -> bool:
        """Tell whether a request holds what it should."""
        said = [_text(one) for one in body.get("messages") or ()]
        tools = {tool.get("name") for tool in body.get("tools") or ()}
        return (
            (self.repeats or not self.used)
            and (not self.last or self.last in _last(body))
            and (not self.anywhere or any(self.anywhere in text for text in said))
            and (not self.offers or self.offers in tools)
        )


class Model:
    """The steps that are left, and every request that came. `surprises` are those that fit none."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self.steps = list(steps)
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.surprises: list[str] = []
        self.changed = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.model = self  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    @property
    def url(self) -> str:
        """What ANTHROPIC_BASE_URL has to be."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def pick(self, body: dict[str, Any], headers: dict[str, str]) -> Step:
        """Return what is answered to a request."""
        with self.changed:
            self.requests.append(body)
            self.headers.append(headers)
            found = next((step for step in self.steps if step.fits(body)), None)
            if found is None:
                self.surprises.append(_last(body)[-500:])
                found = Step(text=NONSENSE)
            found.used += 1
            self.changed.notify_all()
            return found

    def wait(self, requests: int, seconds: float = 60.0) -> None:
        """Return when so many requests have come; raise TimeoutError."""
        with self.changed:
            if not self.changed.wait_for(lambda: len(self.requests) >= requests, seconds):
                raise TimeoutError(f"{len(self.requests)} requests came, not {requests}")


@contextlib.contextmanager
def scripted(*steps: Step) -> Iterator[Model]:
    """Lend a model that answers so; it fails where a request came that no step was for."""
    model = Model(steps)
    model.start()
    try:
        yield model
    finally:
        model.stop()
    assert not model.surprises, model.surprises


def _last(body: Mapping[str, Any]) -> str:
    said = [one for one in body.get("messages") or () if one.get("role") == "user"]
    return _text(said[-1]) if said else ""


def _text(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, str):
        return content
    texts = []
    for block in content or ():
        if block.get("type") == "text":
            texts.append(block["text"])
        elif block.get("type") == "tool_result":
            given = block.get("content")
            texts.append(given if isinstance(given, str) else json.dumps(given))
    return "\n".join(texts)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the model remembers what came."""

    def do_HEAD(self) -> None:
        self._send(200, {})

    def do_GET(self) -> None:
        self._send(404, _problem("not_found_error"))

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        if not self.path.startswith("/v1/messages"):
            return self._send(404, _problem("not_found_error"))
        body = json.loads(raw)
        if "count_tokens" in self.path:
            return self._send(200, {"input_tokens": len(raw) // 4})
        model: Model = self.server.model  # type: ignore[attr-defined]
        step = model.pick(body, dict(self.headers))
        time.sleep(step.delay)
        if step.error is not None:
            status, kind, headers = step.error
            return self._send(status, _problem(kind) if kind else None, headers)
        with contextlib.suppress(OSError):  # killed while it listened
            self._stream(step, body)
        return None

    def _send(
        self,
        status: int,
        answer: Mapping[str, Any] | None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        data = _PAGE if answer is None else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("content-type", "text/html" if answer is None else "application/json")
        self.send_header("content-length", str(len(data)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, step: Step, body: Mapping[str, Any]) -> None:
        self.close_connection = True
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        begun = {
            "id": f"msg_{uuid.uuid4().hex[:22]}",
            "type": "message",
            "role": "assistant",
            "model": body.get("model", "claude"),
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {**step.usage, "output_tokens": 1},
        }
        self._event("message_start", message=begun)
        for index, (block, name, pieces) in enumerate(_blocks(step)):
            self._event("content_block_start", index=index, content_block=block)
            for number, piece in enumerate(pieces):
                if number and step.cuts:
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                while number and step.hangs:
                    self._event("ping")
                    time.sleep(0.2)
                delta = {"type": name, ("text" if name == "text_delta" else "partial_json"): piece}
                self._event("content_block_delta", index=index, delta=delta)
            self._event("content_block_stop", index=index)
        why = "tool_use" if step.tools else "end_turn"
        ended = {"stop_reason": why, "stop_sequence": None}
        self._event("message_delta", delta=ended, usage=dict(step.usage))
        self._event("message_stop")

    def _event(self, name: str, **data: Any) -> None:
        line = json.dumps({"type": name, **data})
        self.wfile.write(f"event: {name}\ndata: {line}\n\n".encode())
        self.wfile.flush()


def _blocks(step: Step) -> Iterator[tuple[dict[str, Any], str, list[str]]]:
    if step.text:
        yield {"type": "text", "text": ""}, "text_delta", _cut(step.text)
    for name, given in step.tools:
        use = f"toolu_{uuid.uuid4().hex[:22]}"
        block = {"type": "tool_use", "id": use, "name": name, "input": {}}
        yield block, "input_json_delta", _cut(json.dumps(given))


def _cut(text: str) -> list[str]:
    size = max(1, len(text) // _PIECES)
    return [text[at : at + size] for at in range(0, len(text), size)]


def _problem(kind: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": kind}}
