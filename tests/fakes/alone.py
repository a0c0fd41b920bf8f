"""Plays the launcher of a root whose daemon nobody watches: it has the lock, answers at a socket, and leaves on SIGTERM.

ROOT/play has what is otherwise: `crash`, `deaf` to SIGTERM, or `unwell`. What it was asked is in ROOT/said.
"""

import fcntl
import json
import os
import signal
import socket
import sys
from pathlib import Path

root, deed, *_ = (Path(sys.argv[2]), *sys.argv[3:])
with (root / "said").open("a") as said:
    said.write(f"{deed} {os.environ.get('SERVICE_RESULT', '')}\n")
play = (root / "play").read_text()
if deed == "health" and play == "unwell":
    sys.exit("x: it is cold")
if deed == "alone":
    if play == "crash":
        sys.exit(3)
    state = root / "state"
    lock = os.open(state / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    about = {"pid": os.getpid(), "by": "anna", "at": "", "release": "1-a", "seq": 0}
    os.pwrite(lock, json.dumps(about).ljust(511).encode() + b"\n", 0)
    if play == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    (state / "control.sock").unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(state / "control.sock"))
        door.listen()
        while True:
            signal.pause()
