"""Runs and their streams over HTTP, with a real daemon: what a page or a script would do."""

import http.client
import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from pmrunnerd.model import protocol as p
from tests.integration.daemon import Daemon
from tests.integration.test_admission import until_running
from tests.integration.test_house_life import a_free_port

COUNTING = """\
touch .git/on
for n in $(seq 1 200); do echo line $n; done
while [ ! -e .git/go ]; do sleep 0.02; done
for n in $(seq 201 400); do echo line $n; done
"""


class Browser:
    """Speaks to one daemon's web door, a new connection for each request."""

    def __init__(self, daemon: Daemon, port: int) -> None:
        self._daemon = daemon
        self._port = port
        self._keys = 0

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        said = None if body is None else json.dumps(body)
        with self._request(method, path, said) as reply:
            return json.loads(reply.read())

    def events(self, path: str, cursor: str = "") -> Iterator[tuple[str, Any]]:
        """Yield the identifier and the data of each server-sent event, to the end of the stream."""
        found: dict[str, str] = {}
        with self._request("GET", path, None, {"Last-Event-ID": cursor} if cursor else {}) as reply:
            assert reply.headers["Content-Type"].startswith("text/event-stream")
            for raw in reply:
                line = raw.decode().rstrip("\n")
                if line and not line.startswith(":"):
                    name, _, value = line.partition(": ")
                    found[name] = value
                elif not line and found:
                    if found.get("event") == "closed":
                        return
                    yield found.get("id", ""), json.loads(found["data"])
                    found = {}

    @contextmanager
    def _request(
        self, method: str, path: str, body: str | None, headers: dict[str, str] | None = None
    ) -> Iterator[http.client.HTTPResponse]:
        self._keys += 1
        token = (self._daemon.state / "web.token").read_text().strip()
        given = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            "Idempotency-Key": f"key-{self._keys}",
        }
        with closing(http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)) as door:
            door.request(method, f"/api/v1{path}", body, given | (headers or {}))
            with door.getresponse() as reply:
                assert reply.status == 200, reply.read()
                yield reply


def lines(told: list[tuple[str, Any]]) -> list[str]:
    """Return what the script printed, of some events."""
    text = "".join(
        data["progress"]["text"] for _, data in told if data["progress"]["event"] == "output"
    )
    return text.splitlines()


def at_the_door(daemon: Daemon) -> None:
    """Return once the web door is open, a moment after the daemon is ready."""
    while not any(door.name == "web" for door in daemon.ask(p.Status()).doors):
        pass


def test_a_run_is_followed_from_a_cursor_over_a_crash_of_the_daemon(tmp_path: Path) -> None:
    port = a_free_port()
    with Daemon(tmp_path / "state", f"--web-port={port}") as daemon:
        at_the_door(daemon)
        browser = Browser(daemon, port)
        path = daemon.add_project("cake")
        browser.ask("POST", "/chat/send", {"project": "cake", "text": COUNTING})
        until_running(daemon, path)
        (row,) = browser.ask("GET", "/run/list")["runs"]
        run = row["run"]["id"]

        told = []
        for event in browser.events(f"/run/logs?run={run}&follow=true"):
            told.append(event)
            if "line 200" in lines(told):
                break
        daemon.kill()
        daemon.start()
        at_the_door(daemon)
        (path / ".git/go").touch()
        told += browser.events(f"/run/logs?run={run}&follow=true", cursor=told[-1][0])

        assert lines(told) == [f"line {n}" for n in range(1, 401)]
        assert told[-1][1]["progress"]["outcome"] == "succeeded"
        shown = browser.ask("GET", f"/run/show?run={run}")
        assert shown["run"]["ended"]["outcome"] == "succeeded"
        assert shown["run"]["ended"]["peakMemory"] > 0
        assert shown["run"]["confined"] is True


def test_a_run_is_cancelled_and_gone_on_with_over_http(tmp_path: Path) -> None:
    port = a_free_port()
    with Daemon(tmp_path / "state", f"--web-port={port}") as daemon:
        at_the_door(daemon)
        browser = Browser(daemon, port)
        path = daemon.add_project("cake")
        browser.ask("POST", "/chat/send", {"project": "cake", "text": COUNTING})
        until_running(daemon, path)
        (row,) = browser.ask("GET", "/run/list")["runs"]

        browser.ask("POST", "/run/cancel", {"run": row["run"]["id"]})
        daemon.until("cake", lambda entry: entry.kind == "cancelled")
        (ended,) = browser.ask("GET", "/run/list")["runs"]
        assert ended["run"]["ended"]["outcome"] == "cancelled"
        *_, (_, last) = browser.events(f"/run/logs?run={row['run']['id']}")
        assert last["progress"]["outcome"] == "cancelled"
        log = daemon.ctl("run", "logs", row["run"]["id"])
        assert log.stderr.splitlines()[-1] == "-- cancelled: it was told to stop"

        (path / ".git/go").touch()
        browser.ask("POST", "/run/resume", {"run": row["run"]["id"]})
        daemon.until_kind("cake", "complete")
        latest, first = browser.ask("GET", "/run/list")["runs"]
        assert (latest["run"]["attempt"], first["run"]["attempt"]) == (2, 1)
