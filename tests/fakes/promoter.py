"""Plays whoever takes up orders as root: holds the lock, and writes down the steps that a test wants.

ROOT/play has a line for each: a step and why, or `wait NAME` for a file of that name, or `die` and its last words. What is written down
already is not written twice.
"""

import fcntl
import json
import os
import sys
import time
from pathlib import Path

_, flag, root, verb, environment = sys.argv
assert (flag, verb) == ("--root", "promote"), sys.argv
place = Path(root, "var/lib/pm-runner/promote", environment)
lock = os.open(place / "promoting.lock", os.O_RDWR | os.O_CREAT, 0o644)
fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
order = json.loads(Path(root, f"var/lib/pm-runner/requests/prod/{environment}.json").read_text())
record = place / order["id"]
record.mkdir(exist_ok=True)
(record / "order.json").write_text(json.dumps(order))
done = (
    len((record / "steps.jsonl").read_text().splitlines())
    if (record / "steps.jsonl").exists()
    else 0
)
with (record / "steps.jsonl").open("a") as steps:
    for line in Path(root, "play").read_text().splitlines():
        word, _, rest = line.partition(" ")
        if word == "wait":
            while not Path(root, rest).exists():
                time.sleep(0.01)
        elif word == "die":
            sys.exit(f"pm-runner: {rest}" if rest else 1)
        elif done:
            done -= 1
        else:
            steps.write(json.dumps({"step": word, "at": 1700.5, "why": rest}) + "\n")
            steps.flush()
