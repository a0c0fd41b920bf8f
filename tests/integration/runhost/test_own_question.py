"""A run that would answer what it asked, by each way that there is: only a person does."""

import sys
from pathlib import Path

import pytest

from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.progress import Answered, Asked
from tests.integration.daemon import Daemon, facts
from tests.integration.runhost.hosts import Hosts, end, every
from tests.integration.runhost.walls import weaker
from tests.unit.services.parts import needs_sandbox

pytestmark = needs_sandbox

# Says to the other end of pm-ask whatever it is given, and prints what comes back.
_SPEAK = """\
import os, socket, sys
s = socket.socket(socket.AF_UNIX); s.connect(os.environ["PM_RUNNER_ASK"])
s.sendall(sys.argv[1].encode() + b"\\n"); print(s.makefile().readline())
"""


@pytest.mark.parametrize("shown", [False, True], ids=["all walls", "with the state in sight"])
def test_a_run_cannot_answer_a_question_of_its_own_but_by_the_socket_it_cannot_see(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shown: bool
) -> None:
    """With the state and the client in sight it could: that they are not is the wall."""
    here = Path(__file__).resolve().parents[3]
    places = (tmp_path / "state", here, Path(sys.prefix).resolve())
    monkeypatch.setenv("PATH", weaker(tmp_path / "programs", shown=places if shown else ()))
    client = f"{sys.executable} -m pmrunnerctl --socket {tmp_path}/state/control.sock"
    with Daemon(tmp_path / "state", "--runs-slots=2") as daemon:
        daemon.add_project("demo")
        daemon.say("demo", 'a=$(pm-ask "May I?" yes no); echo "$a" > answer')
        question = daemon.until_kind("demo", "question").id
        daemon.add_project("other")
        daemon.say("other", f"PYTHONPATH={here} {client} answer {question} yes")
        ended = daemon.until("other", lambda entry: entry.kind in {"complete", "error"})

        answered = any("question-answered" in fact.values() for fact in facts(daemon.state))
        assert answered is shown, ended
        assert (ended.kind == "complete") is shown, ended


@pytest.mark.parametrize(
    "said",
    [
        '{"question":"May I?","answer":"yes"}',
        '{"question":"May I?","options":["yes"],"answers":{"May I?":"yes"}}',
        '{"answer":"yes"}',
        '[{"question":"May I?","answer":"yes"}]',
        "yes",
    ],
)
def test_the_socket_of_pm_ask_takes_questions_and_no_answers(tmp_path: Path, said: str) -> None:
    script = f"cat > speak.py <<'E'\n{_SPEAK}E\npython3 speak.py '{said}'; pm-ask 'May I?' > got"
    with Hosts(tmp_path) as hosts:
        asked = hosts.run(script)
        assert end(asked).outcome is Outcome.ASKED
        assert [question.text for question in every(asked, Asked)] == ["May I?"]
        assert not (hosts.workspace / "got").exists()

        # The question is a real one: it goes on with what a person said.
        known = (Answered(question="May I?", answer="no"),) * 2
        assert end(hosts.run(script, answers=known)).outcome is Outcome.SUCCEEDED
        assert (hosts.workspace / "got").read_text() == "no\n"
