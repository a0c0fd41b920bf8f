import asyncio
import json
import os
import socket
import subprocess
from pathlib import Path

import pytest

from pmrunnerd.model.spec import Answered
from pmrunnerd.services.agents import asking, pm_ask
from pmrunnerd.services.agents.asking import Answers, Question
from tests.unit.services.parts import ENVIRONMENT, agent_directory

KNOWN = (
    Answered(question="Which?", answer="one"),
    Answered(question="Other?", answer="x"),
    Answered(question="Which?", answer="two"),
)


def test_the_nth_time_a_text_is_asked_it_gets_its_nth_answer() -> None:
    answers = Answers(KNOWN)

    texts = ("Which?", "Which?", "Which?", "Other?", "Never?")
    assert [answers.next(text) for text in texts] == ["one", "two", None, "x", None]


def _talk(directory: Path, *lines: bytes) -> tuple[list[bytes], list[Question]]:
    asked: list[Question] = []

    async def talk() -> list[bytes]:
        async with asking.listening(directory, Answers(KNOWN), asked.append):
            return [await asyncio.to_thread(_say, directory, line) for line in lines]

    return asyncio.run(talk()), asked


def _say(directory: Path, line: bytes) -> bytes:
    here = os.open(directory, os.O_PATH)
    with socket.socket(socket.AF_UNIX) as caller:
        caller.connect(f"/proc/self/fd/{here}/ask")
        os.close(here)
        caller.sendall(line)
        with caller.makefile("rb") as file:
            return file.readline()


def test_a_known_question_is_answered_and_an_unknown_one_is_passed_on(tmp_path: Path) -> None:
    said, asked = _talk(
        tmp_path,
        b'{"question":"Which?","options":["a"]}\n',
        b'{"question":"New?","options":["a","b"]}\n',
    )

    assert [json.loads(line) for line in said] == [{"answer": "one"}, {"asked": True}]
    assert asked == [Question("New?", ("a", "b"))]


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"no json\n",
        b"[]\n",
        b'{"question":7}\n',
        b'{"question":" "}\n',
        b'{"question":"\xff"}\n',
        json.dumps({"question": "x" * 9000}).encode() + b"\n",
        json.dumps({"question": "x", "options": ["y"] * 21}).encode() + b"\n",
        b"x" * 300_000,
    ],
)
def test_whatever_speaks_without_the_command_is_held_to_the_same_rules(
    tmp_path: Path, line: bytes
) -> None:
    (said,), asked = _talk(tmp_path, line)

    assert "problem" in json.loads(said)
    assert asked == []


def test_a_caller_that_says_nothing_does_not_keep_us(tmp_path: Path) -> None:
    async def talk() -> None:
        async with asking.listening(tmp_path, Answers(()), lambda _: None):
            silent = socket.socket(socket.AF_UNIX)
            silent.connect(str(tmp_path / "ask"))
            await asyncio.sleep(0)
        silent.close()

    asyncio.run(asyncio.wait_for(talk(), 20))


def test_the_path_of_the_socket_may_be_long_and_nobody_else_may_use_it(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["x" * 50] * 5)
    deep.mkdir(parents=True)
    said, _ = _talk(deep, b'{"question":"Which?"}\n')

    assert json.loads(said[0]) == {"answer": "one"}
    assert (deep / "ask").stat().st_mode & 0o777 == 0o600


def test_the_installed_command_asks_by_whatever_path_it_is_given(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["y" * 50] * 4)
    deep.mkdir(parents=True)
    directory = agent_directory(deep)
    asking.install(directory, str(directory))
    asking.install(directory, str(directory))

    async def ask() -> str:
        def call() -> str:
            return subprocess.run(
                [directory / "bin/pm-ask", "--", "Which?", "-a"],
                env=ENVIRONMENT | {pm_ask.VARIABLE: str(directory / "ask"), "PYTHONPATH": "/x"},
                capture_output=True,
                text=True,
                check=True,
            ).stdout

        async with asking.listening(directory, Answers(KNOWN), lambda _: None):
            return await asyncio.to_thread(call)

    assert asyncio.run(ask()) == "one\n"
