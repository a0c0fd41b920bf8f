"""A `pmrunnerd` that only speaks: takes the options of the real one, goes to the background, stops.

What it was told stands in `arguments` in its state directory. `--fail` makes it refuse to start.
"""

import argparse
import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from pmrunnerd.model import frames
from pmrunnerd.model import protocol as p
from pmrunnerd.model.views import Door
from tests.fakes.daemon import FakeDaemon
from tests.unit.pmrunnerctl import samples

LONGEST_LIFE = 60  # seconds: a test that went wrong leaves nothing behind


def main() -> None:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--env", default="dev")
    parser.add_argument("--state-dir", type=Path, required=True)
    parser.add_argument("--socket", type=Path)
    parser.add_argument("--port", type=int, default=3503)
    parser.add_argument("--runs-slots", type=int, default=2)
    parser.add_argument("--detach", action="store_true", required=True)
    parser.add_argument("--fail", action="store_true")
    parser.add_argument("--taken", action="store_true", help="the port is another's")
    parser.add_argument("--unconfined", action="store_true")
    parser.add_argument("--confinement", default="bubblewrap", help="what it says of its agents")
    given = parser.parse_args()
    if given.fail:
        sys.exit("pmrunnerd: cannot start: it was told not to")
    given.state_dir.mkdir(exist_ok=True)
    (given.state_dir / "arguments").write_text(json.dumps(sys.argv[1:]))
    ready, tell = os.pipe()
    if os.fork():
        os.close(tell)
        os.read(ready, 1)
        return
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    serve(given, tell)


def serve(given: argparse.Namespace, tell: int) -> None:
    signal.alarm(LONGEST_LIFE)
    leave = threading.Event()
    socket = given.socket or given.state_dir / "control.sock"

    def stop(request: Any) -> p.Done:
        (given.state_dir / "stopped").write_text(json.dumps(request.keep_runs))
        threading.Timer(0.1, leave.set).start()
        return p.Done(id=given.env)

    web = Door(
        name="web",
        address=f"http://127.0.0.1:{given.port}",
        problem="it is taken" if given.taken else "",
    )
    overview = samples.overview(
        environment=given.env,
        pid=os.getpid(),
        state_directory=str(given.state_dir),
        slots=given.runs_slots,
        doors=(web,),
        confinement=given.confinement,
    )
    hello = frames.encode(frames.Hello(environment=given.env, release="1.2.3"))
    with FakeDaemon(socket, {p.Status: overview, p.Stop: stop}, greeting=hello):
        (given.state_dir / "pid").write_text(str(os.getpid()))
        os.write(tell, b".")
        os.close(tell)
        leave.wait()
        (given.state_dir / "pid").unlink()
    os._exit(0)


if __name__ == "__main__":
    main()
