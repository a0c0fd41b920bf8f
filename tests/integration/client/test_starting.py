"""Several who start one daemon, and a start that fails: each is told the truth."""

import json
import subprocess
import sys
from pathlib import Path

from tests.integration.daemon import environment


def starting(state: Path, *words: str) -> "subprocess.Popen[str]":
    argv = [sys.executable, "-m", "pmrunnerctl", *words, "start", "--state-dir", str(state)]
    return subprocess.Popen(
        [*argv, "--port", "0"],
        env=environment(state.parent),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_of_several_starts_at_one_moment_one_starts_it_and_all_are_content(tmp_path: Path) -> None:
    state = tmp_path / "state"
    at_once = [starting(state, "--json") for _ in range(4)]
    said = [(*one.communicate(timeout=60), one.returncode) for one in at_once]
    stop = [sys.executable, "-m", "pmrunnerctl", "--socket", str(state / "control.sock"), "stop"]
    subprocess.run(stop, env=environment(tmp_path), check=True, capture_output=True)

    assert [(err, status) for _, err, status in said] == [("", 0)] * 4
    assert len({json.loads(out)["pid"] for out, _, _ in said}) == 1


def test_a_damaged_state_is_told_in_its_own_words_with_a_hint_for_this_state(
    tmp_path: Path,
) -> None:
    state = tmp_path / "state"
    (state / "journal").mkdir(parents=True)
    (state / "journal" / "00000001.jsonl").write_text("nonsense\nnonsense\n")
    out, err = (one := starting(state, "--json")).communicate(timeout=60)

    said = json.loads(err)
    assert (one.returncode, out, said["exit"]) == (8, "", 8)
    assert said["message"].startswith("cannot read ")
    assert said["hint"].startswith(f"pmrunnerctl state verify --state-dir {state} ")


def test_a_daemon_that_has_fewer_options_than_the_one_before_says_so_and_how_it_has_them_again(
    tmp_path: Path,
) -> None:
    state = tmp_path / "state"

    def ctl(*words: str) -> "subprocess.CompletedProcess[str]":
        argv = [sys.executable, "-m", "pmrunnerctl", "--socket", str(state / "control.sock")]
        return subprocess.run(
            [*argv, *words],
            env=environment(tmp_path),
            check=False,
            capture_output=True,
            text=True,
        )

    first = ctl("start", "--port", "0", "--", "--runs-slots", "3")
    ctl("stop")
    gone = ctl("--wait", "0", "status")
    second = ctl("start", "--port", "0")
    ctl("stop")

    again = f"pmrunnerctl --socket {state}/control.sock start --port 0 -- --runs-slots 3"
    assert (first.returncode, first.stderr) == (0, "")
    assert f"  hint: {again}\n" in gone.stderr
    assert "it no longer has --runs-slots 3, as the one before it had\n" in second.stderr
    assert f"{again}\n" in second.stderr
