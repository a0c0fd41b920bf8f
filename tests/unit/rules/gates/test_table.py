import time
import tomllib

import pytest

from pmrunnerd.model.gates import Gate, Preparation, Where
from pmrunnerd.rules.gates.table import LONGEST_LIST, MOST, read

FULL = """
[gates.lint]
command = "ruff check"

[gates.unit]
command = '''
python -m pytest \\
  --junitxml=out/junit.xml
'''
needs = ["lint"]
timeout = "10min"
inputs = ["src", "!*.md"]
tests = "./out/junit.xml"
network = true
runs = "host"

[gates-prepare]
command = "uv sync --frozen"
inputs = ["uv.lock"]
timeout = "1h"
"""


def wrong(text: str) -> list[str]:
    return read(tomllib.loads(text), "")[1]


def test_a_whole_declaration_is_read() -> None:
    gates, none = read(tomllib.loads(FULL), "")

    assert none == []
    assert gates.gates == (
        Gate(name="lint", command="ruff check"),
        Gate(
            name="unit",
            command="python -m pytest \\\n  --junitxml=out/junit.xml",
            needs=("lint",),
            timeout=600.0,
            inputs=("src", "!*.md"),
            tests="out/junit.xml",
            network=True,
            runs=Where.HOST,
        ),
    )
    assert gates.prepare == Preparation(
        command="uv sync --frozen", inputs=("uv.lock",), timeout=3600.0
    )


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("comand = 'x'", "gate a has no key 'comand'"),
        ("command = 7", "gate a: command: is no text of a command"),
        ("command = '  '", "gate a: command: is no text of a command"),
        ('command = "a\\u0000b"', "gate a: command: is no text of a command"),
        (f"command = '{'x' * 70000}'", "gate a: command: is longer than 65536 characters"),
        ("needs = 'b'", "gate a: needs: is no list of texts"),
        ("needs = [1]", "gate a: needs: is no list of texts"),
        ("needs = ['b']", "gate a: needs: there is no gate 'b'"),
        ("needs = ['a']", "gates need each other: a needs a"),
        ("needs = ['c', 'c']", "gate a: needs: has 'c' twice"),
        ("timeout = 0", "gate a: timeout: '0' is no time"),
        ("timeout = '0s'", "gate a: timeout: is 0"),
        ("timeout = '-5s'", "gate a: timeout: '-5s' is no time"),
        ("timeout = 'soon'", "gate a: timeout: 'soon' is no time"),
        ("timeout = '2 days'", "gate a: timeout: is more than 1 day"),
        ("inputs = ['a[']", "gate a: inputs: 'a[' has a `[` without its `]`"),
        ("inputs = ['../x']", "gate a: inputs: '../x' has a part"),
        ("inputs = ['!x']", "gate a: inputs: each of them takes back"),
        ("tests = ''", "gate a: tests: is neither"),
        ("tests = false", "gate a: tests: is neither"),
        ("tests = '/tmp/j.xml'", "gate a: tests: '/tmp/j.xml' is outside of the tree"),
        ("tests = 'a/../../j.xml'", "is outside of the tree"),
        ("tests = '.'", "is outside of the tree"),
        ("network = 'yes'", "gate a: network: is neither true nor false"),
        ("runs = 'docker'", "gate a: runs: 'docker' is none of unit, host, attested"),
        ("runs = []", "gate a: runs: '[]' is none of"),
    ],
    ids=range(26),
)
def test_what_is_wrong_with_a_gate_is_told_by_its_name(line: str, why: str) -> None:
    command = "" if line.startswith("command") else "command = 'x'\n"
    found = wrong(f"[gates.c]\ncommand='x'\n[gates.a]\n{command}{line}\n")

    assert [said for said in found if said.startswith(why) or why in said], found
    assert len(found) == 1


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("gates = 7", "gates is no table"),
        ("[[gates]]\nname = 'a'", "gates is no table"),
        ("gates.a = 'pytest'", "gate a is no table"),
        ("[gates.a]", "gate a has no command"),
        ("[gates.A]\ncommand='x'", "'A' is no name of a gate"),
        ("[gates.'a b']\ncommand='x'", "'a b' is no name of a gate"),
        ("[gates.'../a']\ncommand='x'", "'../a' is no name of a gate"),
        ("gates-prepare = 'x'", "gates-prepare is no table"),
        ("[gates-prepare]\nneeds = []\ncommand='x'", "gates-prepare has no key 'needs'"),
        ("[gates-prepare]", "gates-prepare has no command"),
        ("[gates]\n[gate-prepare]\ncommand='x'", "gate-prepare is no table of gates"),
    ],
)
def test_what_is_no_gate_at_all_is_told(text: str, why: str) -> None:
    found = wrong(text)

    assert len(found) == 1
    assert found[0].startswith(why)


def test_everything_that_is_wrong_is_said_at_once() -> None:
    found = wrong("[gates.a]\nneeds=['b']\n[gates.b]\ncommand='x'\nneeds=['a','z']\nfoo=1\n")

    assert found[:-1] == [
        "gate a has no command",
        "gate b has no key 'foo'",
        "gate b: needs: there is no gate 'z'",
    ]
    assert found[-1] in {
        "gates need each other: a needs b needs a",
        "gates need each other: b needs a needs b",
    }


def test_a_set_has_an_end() -> None:
    many = "".join(f"[gates.g{n}]\ncommand='x'\n" for n in range(MOST + 1))

    assert wrong(many) == [f"it has more than {MOST} gates"]


def test_a_list_has_an_end_and_one_of_ten_thousands_is_refused_at_once() -> None:
    patterns = ", ".join(f"'{number}'" for number in range(60_000))
    began = time.process_time()

    found = wrong(f"[gates.a]\ncommand='x'\ninputs=[{patterns}]\n")

    assert found == [f"gate a: inputs: has more than {LONGEST_LIST} texts"]
    assert time.process_time() - began < 20


def test_keys_are_called_as_the_file_has_them() -> None:
    assert read(7, "tool.pm-runner.")[1] == ["tool.pm-runner is no table"]
