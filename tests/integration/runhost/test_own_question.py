"""A run that would answer what it asked, by each way that there is: only a person does."""

import base64
from pathlib import Path

import pytest

from pmrunnerd.model import frames as f
from pmrunnerd.model import protocol as p
from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.progress import Asked
from pmrunnerd.model.spec import Answered
from tests.integration.daemon import Daemon, facts
from tests.integration.runhost.hosts import Hosts, end, every
from tests.integration.runhost.walls import weaker
from tests.integration.test_house_life import a_free_port
from tests.unit.services.parts import needs_sandbox

pytestmark = needs_sandbox

# Says to the other end of pm-ask whatever it is given, and prints what comes back.
_SPEAK = """\
import os, socket, sys
s = socket.socket(socket.AF_UNIX); s.connect(os.environ["PM_RUNNER_ASK"])
s.sendall(sys.argv[1].encode() + b"\\n"); print(s.makefile().readline())
"""


# Both use what any sandbox has, and not the client: that this is out of sight is no wall.
_BY_SOCKET = """\
import base64, socket
s = socket.socket(socket.AF_UNIX); s.connect("control.sock")
s.sendall(base64.b64decode("{frames}"))
got = b""
while b"ok" not in got: more = s.recv(4096); assert more, got; got += more
"""
_BY_HTTP = """\
import http.client
door = http.client.HTTPConnection("127.0.0.1", {port})
token = {{"Authorization": "Bearer " + open("web.token").read().strip(), "Idempotency-Key": "mine",
         "Content-Type": "application/json"}}
door.request("POST", "/api/v1/answer", '{{"question":"{question}","text":"yes"}}', token)
assert door.getresponse().status == 200
"""
# The web door has two walls: nobody gets as far as the machine's ports, and its token is in the state.
WAYS = {
    "the socket, all walls": (_BY_SOCKET, False, (), False),
    "the socket, the state in sight": (_BY_SOCKET, True, (), True),
    "HTTP, all walls": (_BY_HTTP, False, (), False),
    "HTTP, the state in sight": (_BY_HTTP, True, (), False),
    "HTTP, the machine's network": (_BY_HTTP, False, ("own network",), False),
    "HTTP, neither wall": (_BY_HTTP, True, ("own network",), True),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_run_answers_a_question_of_its_own_only_where_exactly_what_guards_it_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    program, shown, without, answers = WAYS[way]
    state, port = tmp_path / "state", a_free_port()
    path = weaker(tmp_path / "programs", shown=(state,) if shown else (), without=without)
    monkeypatch.setenv("PATH", path)
    with Daemon(state, "--runs-slots=2", f"--web-port={port}") as daemon:
        daemon.add_project("demo")
        daemon.say("demo", 'a=$(pm-ask "May I?" yes no); echo "$a" > answer')
        question = daemon.until_kind("demo", "question").id
        daemon.add_project("other")
        text = program.format(frames=_frames(question), port=port, question=question)
        daemon.say(
            "other", f"cat > try.py <<'E'\n{text}E\nh=$PWD; cd {state} || cd /; python3 $h/try.py"
        )
        ended = daemon.until("other", lambda entry: entry.kind in {"complete", "error"})

        answered = any("question-answered" in fact.values() for fact in facts(daemon.state))
        assert answered is answers, ended
        assert (ended.kind == "complete") is answers, ended


def _frames(question: str) -> str:
    """Return what somebody says to the control socket who answers, as text."""
    hello, request = f.Hello(), p.Answer(question=question, text="yes")
    call = f.Call(call=1, request=f.encode_request(request), request_id="mine")
    return base64.b64encode(f.encode(hello) + f.encode(call)).decode()


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
