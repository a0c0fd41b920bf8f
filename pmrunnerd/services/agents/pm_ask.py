"""The command `pm-ask`: asks a person, from inside a script. Standard library only.

It runs in the sandbox, where nothing of the runner is installed.
"""

import json
import os
import signal
import socket
import sys
from typing import Final, NoReturn

VARIABLE: Final = "PM_RUNNER_ASK"
QUESTION_LIMIT: Final = 8 * 1024
OPTIONS_LIMIT: Final = 20
OPTION_LIMIT: Final = 1024
_BAD_USAGE: Final = 2
_NOBODY: Final = 70
_HELP: Final = """\
Usage: pm-ask QUESTION [OPTION ...]

  Ask a person, and print the answer. Options are suggestions; any answer can come.

  The first time, there is no answer yet: the script ENDS here, and everything that it changed in
  the workspace is put away. Once somebody has answered, the script runs again FROM ITS START, on a
  clean workspace. It comes to this question again, and now pm-ask prints the answer and the script
  goes on. So what stands before a question happens once for each time it is asked: keep it cheap,
  and keep it without effect outside the workspace.

  Answers are found by the question's exact text; a text asked twice has two answers, in order.
  A question should not hold what differs from run to run, such as the time.

  Example: colour=$(pm-ask "Which colour?" red green)

  Exit status: 0 with an answer, 2 if the question cannot be asked; without an answer it does not
  return.
"""


def main(words: list[str]) -> int:
    """Ask what the command line says."""
    if words[:1] in (["--help"], ["-h"]):
        sys.stdout.write(_HELP)
        return 0
    if words[:1] == ["--"]:
        words = words[1:]
    question, options = (words[0] if words else ""), words[1:]
    problem = why_not(question, options)
    if problem:
        sys.stderr.write(f"pm-ask: cannot ask: {problem}\n  hint: pm-ask --help\n")
        return _BAD_USAGE
    try:
        reply = _ask({"question": question, "options": options})
    except (OSError, ValueError, KeyError) as exc:
        sys.stderr.write(f"pm-ask: cannot ask: the run host does not answer: {exc}\n")
        return _NOBODY
    if "problem" in reply:
        sys.stderr.write(f"pm-ask: cannot ask: {reply['problem']}\n")
        return _BAD_USAGE
    if "answer" not in reply:
        _wait_for_the_end()
    sys.stdout.write(reply["answer"] + "\n")
    return 0


def why_not(question: str, options: list[str]) -> str:
    """Say why a question cannot be asked; empty if it can."""
    try:
        size = len(question.encode())
        largest = max((len(option.encode()) for option in options), default=0)
    except UnicodeEncodeError:
        return "it is not UTF-8"
    wrong = {
        "there is no question": not question.strip(),
        f"the question has {size} bytes; {QUESTION_LIMIT} is the limit": size > QUESTION_LIMIT,
        f"there are {len(options)} options; {OPTIONS_LIMIT} is the limit": len(options)
        > OPTIONS_LIMIT,
        f"an option has {largest} bytes; {OPTION_LIMIT} is the limit": largest > OPTION_LIMIT,
        "an option is empty": not all(option.strip() for option in options),
    }
    return next((problem for problem, found in wrong.items() if found), "")


def _ask(request: dict[str, object]) -> dict[str, str]:
    path = os.environ[VARIABLE]
    # By way of its directory: a socket's address may have 107 bytes and no more.
    directory = os.open(os.path.dirname(path), os.O_PATH | os.O_DIRECTORY)  # noqa: PTH120
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
        caller.connect(f"/proc/self/fd/{directory}/{os.path.basename(path)}")  # noqa: PTH119
        caller.sendall(json.dumps(request).encode() + b"\n")
        with caller.makefile("rb") as answer:
            reply = json.loads(answer.readline())
    if not isinstance(reply, dict):
        raise ValueError("it said something else than an answer")  # noqa: TRY004
    return reply


def _wait_for_the_end() -> NoReturn:
    """Wait to be killed: the script must not go on without an answer."""
    while True:
        signal.pause()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
