"""README's tour and its gates, pasted into a shell, on a clean clone with a new home."""

import os
import re
import socket
import subprocess
from pathlib import Path

from tests.e2e.checkouts import copy_to
from tests.house.tree import ROOT
from tests.integration.daemon import environment, facts, git

FENCE = re.compile(r"^(`{3,})sh\n(.*?)^\1$", re.DOTALL | re.MULTILINE)
# Ends with 9 and no other status fails: whoever waited for an outcome is told that it needs them.
ASKS = "9 pmrunnerctl chat send cake --wait - <<'MESSAGE'"
# Somebody has to complete it.
BEGUN = "8 pmrunnerctl evidence check cake --uncommitted"


def the_tour() -> str:
    """Return every command of the tour and of what follows it, as it would be pasted."""
    text = (ROOT / "README.md").read_text()
    parts = (
        ("<!-- tour -->", "<!-- end of the tour -->"),
        ("<!-- gates -->", "<!-- end of gates -->"),
    )
    pasted = "".join(text[text.index(begin) : text.index(end)] for begin, end in parts)
    return "".join(body for _, body in FENCE.findall(pasted))


def a_free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_the_tour_of_the_readme_works_as_it_is_pasted(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    clone = copy_to(tmp_path / "pm-runner")
    script = tmp_path / "paste"
    # The first line of each command that did not end with 0.
    trap = f"""trap 'echo "$? ${{BASH_COMMAND%%$newline*}}" >> {tmp_path}/failed' ERR"""
    script.write_text(f"newline=$'\\n'\n{trap}\n{the_tour()}")

    # As pasted but for the port, which another pm-runner of this machine may have.
    variables = environment(home) | {"PMRUNNER_WEB_PORT": str(a_free_port())}
    variables["PATH"] = os.pathsep.join(
        part for part in variables["PATH"].split(os.pathsep) if ".venv" not in part
    )
    pasted = subprocess.run(
        ["bash", str(script)],
        cwd=clone,
        env=variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=590,
        check=False,
    )

    said = pasted.stdout + pasted.stderr
    assert (tmp_path / "failed").read_text().splitlines() == [ASKS, BEGUN], said
    assert "Which fruit?" in said
    assert [f"minute {n}" in said for n in range(1, 11)] == [True] * 10, said
    assert "2 of 2 passed" in said
    assert "title is still to be completed" in said
    cake = home / "cake"
    assert (cake / "cake.txt").read_text() == "flour, butter, eggs\ncherry\n"
    assert git(
        cake, "log", "--format=%(trailers:key=PM-Runner-Task,valueonly,separator=)"
    ).split() == ["t3", "t2", "t1"]
    told = [fact["fact"] for fact in facts(clone / "state")]
    assert told.count("daemon-started") == 4
    # Dough, filling twice (it asked), bake: no run was lost or done again.
    assert told.count("run-started") == 4
    assert told[-1] == "daemon-stopped"
