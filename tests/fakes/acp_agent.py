"""An agent of the Agent Client Protocol that does what a script says. Standard library only.

    python acp_agent.py SCRIPT

SCRIPT is JSON: `turns` is a list of turns, one for each prompt that comes to it, and each a list of
steps, which are objects of one key (`_STEPS`); `loads` says whether it can load sessions, `modes`
which it has, `version` which protocol it speaks. What it was told, and how many turns it has done, it
keeps in its home directory, as an agent keeps its sessions: a run that goes on finds it there.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, NoReturn

HOME: Final = Path(os.environ["HOME"])
TOLD: Final = HOME / "told.jsonl"
TURNS: Final = HOME / "turns"
SESSIONS: Final = HOME / "sessions"


class Left(Exception):
    """It was told to leave off; the text is why its turn ends."""


class Agent:
    def __init__(self, script: dict[str, Any]) -> None:
        self._script = script
        self._heard = self._hear()
        self._numbers = iter(range(1, 1000))
        self._session = ""
        self._prompt = ""

    def work(self) -> None:
        for message in self._heard:
            if "id" in message and "method" in message:
                try:
                    result = self._do(message["method"], message["params"])
                except Error as error:
                    self._say(id=message["id"], error=error.args[0])
                else:
                    self._say(id=message["id"], result=result)

    def _hear(self) -> Iterator[dict[str, Any]]:
        for line in sys.stdin:
            with TOLD.open("a") as file:
                file.write(line)
            yield json.loads(line)

    def _say(self, **message: Any) -> None:
        self.print(json.dumps({"jsonrpc": "2.0", **message}))

    def _do(self, method: str, params: dict[str, Any]) -> Any:
        if method == "initialize":
            offers = {"loadSession": self._script.get("loads", True)}
            version = self._script.get("version", 1)
            return {"protocolVersion": version, "agentCapabilities": offers}
        if method == "session/new":
            if "login" in self._script:
                raise Error({"code": -32000, "message": "Authentication required"})
            SESSIONS.mkdir(exist_ok=True)
            self._session = f"s{len(list(SESSIONS.iterdir())) + 1}"
            (SESSIONS / self._session).touch()
            return {"sessionId": self._session, **self._modes()}
        if method == "session/load":
            self._session = params["sessionId"]
            if not (SESSIONS / self._session).exists():
                raise Error({"code": -32002, "message": "Resource not found"})
            self._update("agent_message_chunk", content=_text("what it said before"))
            return self._modes()
        if method == "session/prompt":
            self._prompt = params["prompt"][0]["text"]
            return {"stopReason": self._turn()}
        return {}

    def _modes(self) -> dict[str, Any]:
        if "modes" not in self._script:
            return {}
        modes = [{"id": name, "name": name} for name in self._script["modes"]]
        return {"modes": {"currentModeId": modes[0]["id"], "availableModes": modes}}

    def _turn(self) -> str:
        done = int(TURNS.read_text()) if TURNS.exists() else 0
        TURNS.write_text(str(done + 1))
        turns = self._script["turns"]
        try:
            for step in turns[done] if done < len(turns) else []:
                ((name, given),) = step.items()
                _STEPS[name](self, given)
        except Left as left:
            return str(left)
        return "end_turn"

    def _update(self, kind: str, /, **more: Any) -> None:
        params = {"sessionId": self._session, "update": {"sessionUpdate": kind, **more}}
        self._say(method="session/update", params=params)

    def _ask(self, method: str, **params: Any) -> dict[str, Any]:
        number = f"a{next(self._numbers)}"
        self._say(id=number, method=method, params={"sessionId": self._session, **params})
        left = False
        for message in self._heard:
            left = left or message.get("method") == "session/cancel"
            if message.get("id") == number:
                if left:
                    raise Left("cancelled")
                result: dict[str, Any] = message["result"]
                return result
        sys.exit(0)

    def expect(self, text: str) -> None:
        """Go on only if the prompt has this in it; else say what it has."""
        if text not in self._prompt:
            self.say(f"nonsense: {text!r} is not in {self._prompt!r}")
            raise Left("refusal")

    def say(self, text: str) -> None:
        """Say something, in two pieces."""
        for piece in (text[:3], text[3:]):
            self._update("agent_message_chunk", content=_text(piece))

    def think(self, text: str) -> None:
        self._update("agent_thought_chunk", content=_text(text))

    def update(self, given: dict[str, Any]) -> None:
        """Report whatever is given."""
        kind, *_ = given
        self._update(kind, **given[kind])

    def write(self, given: list[str]) -> None:
        """Write a file by a tool."""
        path, content = Path.cwd() / given[0], given[1]
        old = path.read_text() if path.exists() else None
        call = {"toolCallId": f"c{next(self._numbers)}"}
        self._update("tool_call", **call, title=f"Write {given[0]}", kind="edit", status="pending")
        path.write_text(content)
        diff = {"type": "diff", "path": str(path), "oldText": old, "newText": content}
        self._update("tool_call_update", **call, status="completed", content=[diff])

    def run(self, command: str) -> None:
        """Run a command by a tool, once that is permitted; else say so."""
        call = {"toolCallId": f"c{next(self._numbers)}"}
        about = {**call, "title": "a command", "kind": "execute", "rawInput": {"command": command}}
        self._update("tool_call", **about, status="pending")
        options = [
            {"optionId": "ever", "name": "Always", "kind": "allow_always"},
            {"optionId": "yes", "name": "Allow", "kind": "allow_once"},
            {"optionId": "no", "name": "Reject", "kind": "reject_once"},
        ]
        answer = self._ask("session/request_permission", toolCall=call, options=options)
        if answer["outcome"].get("optionId") != "yes":
            self.say(f"It answered {answer}.")
            raise Left("refusal")
        done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
        content = [{"type": "content", "content": _text(done.stdout)}]
        status = "failed" if done.returncode else "completed"
        self._update("tool_call_update", **call, status=status, content=content)

    def form(self, given: dict[str, Any]) -> None:
        """Ask by a form, and leave off if told to; one that is `deaf` goes on waiting."""
        is_deaf = given.pop("deaf", False)
        try:
            self._ask("elicitation/create", mode="form", **given)
        except Left:
            if is_deaf:
                self.hang("deaf")
            raise

    def wants(self, method: str) -> None:
        """Ask for something, and say what came of it."""
        number = f"a{next(self._numbers)}"
        self._say(id=number, method=method, params={"sessionId": self._session})
        for message in self._heard:
            if message.get("id") == number:
                self.say(f"{method}: {json.dumps(message.get('error', {}).get('code'))}")
                return

    def print(self, text: str) -> None:
        """Print a line, of the protocol or not."""
        sys.stdout.write(text + "\n")
        sys.stdout.flush()

    def fork(self, word: str) -> None:
        """Leave a process behind that is in a session of its own."""
        subprocess.Popen(["setsid", "sleep", word])

    def hang(self, why: str) -> NoReturn:
        """Say nothing, and leave off when told to; deaf, not even then."""
        for message in self._heard if why != "deaf" else iter(()):
            if message.get("method") == "session/cancel":
                raise Left("cancelled")
        while True:
            time.sleep(1000)

    def stop(self, reason: str) -> NoReturn:
        raise Left(reason)

    def die(self, status: int) -> NoReturn:
        sys.stderr.write("it is over\n")
        os._exit(status)

    def error(self, given: dict[str, Any]) -> NoReturn:
        raise Error(given)


class Error(Exception):
    """An error of the protocol."""


def _text(text: str) -> dict[str, str]:
    return {"type": "text", "text": text}


_STEPS: Final[dict[str, Callable[[Agent, Any], None]]] = {
    step.__name__: step
    for step in (
        *(Agent.expect, Agent.say, Agent.think, Agent.update, Agent.write, Agent.run, Agent.form),
        *(Agent.wants, Agent.print, Agent.fork, Agent.hang, Agent.stop, Agent.die, Agent.error),
    )
}

if __name__ == "__main__":
    Agent(json.loads(Path(sys.argv[1]).read_text())).work()
