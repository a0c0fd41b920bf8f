import pytest
from msgspec.structs import replace

from pmrunnerd.model.errors import Refused
from pmrunnerd.model.gates import Gate, GateSet, Preparation
from pmrunnerd.rules.gates.declared import LARGEST, check_paths, declared, must_prepare

PYPROJECT = b"[tool.pm-runner.gates.a]\ncommand='py'\n"
OWN = b"[gates.a]\ncommand='own'\n"
PACKAGE = b'{"scripts": {"gate:all": "npm test"}}'
MAKEFILE = b"gate-all:\n\ttrue\n"


def refusal(files: dict[str, bytes]) -> Refused:
    with pytest.raises(Refused) as refused:
        declared(files)
    return refused.value


def test_the_first_file_that_declares_gates_is_the_only_one() -> None:
    files = {
        "Makefile": MAKEFILE,
        "package.json": PACKAGE,
        "pm-runner.toml": OWN,
        "pyproject.toml": PYPROJECT,
    }
    sources = []
    while files:
        sources.append((declared(files).source, declared(files).gates[0].command))
        del files[sources[-1][0]]

    assert sources == [
        ("pyproject.toml", "py"),
        ("pm-runner.toml", "own"),
        ("package.json", "npm run --silent gate:all"),
        ("Makefile", "make gate-all"),
    ]


def test_files_that_declare_nothing_are_passed_over() -> None:
    others = {
        "pyproject.toml": b"[tool.pm-runner.evidence]\nareas=[]\n",
        "pm-runner.toml": b"",
        "package.json": b'{"scripts": {"test": "jest"}}',
        "Makefile": MAKEFILE,
    }

    assert declared(others).gates == (Gate(name="all", command="make gate-all"),)


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("pyproject.toml", b"[tool", "it is no TOML"),
        ("pyproject.toml", b"x = " + b"[" * 100_000, "it is no TOML"),
        ("pyproject.toml", b"\xff", "byte 0 is no UTF-8"),
        ("pyproject.toml", b"#" * (LARGEST + 1), "it has more than 1 MiB"),
        ("pyproject.toml", b"[tool]\npm-runner = 1\n", "tool.pm-runner is no table"),
        ("pyproject.toml", b"[tool.pm-runner.gate.a]\ncommand='x'\n", "tool.pm-runner.gate is no"),
        ("pyproject.toml", b"[tool.pm-runner.gates.a]\n", "gate a has no command"),
        ("pm-runner.toml", b"= 1", "it is no TOML"),
        ("package.json", b"[]", "it is no object"),
        ("package.json", b"{", "it is no JSON"),
        ("package.json", b"[" * 100_000, "it is no JSON"),
        ("package.json", b'{"scripts": []}', "its `scripts` is no object"),
        ("package.json", b'{"scripts": {"gate:all": ["x"]}}', "`gate:all` is no command"),
        ("package.json", b'{"scripts": {"gate:all": " "}}', "`gate:all` is no command"),
        ("Makefile", b"\xff\xfe", "byte 0 is no UTF-8"),
    ],
    ids=range(15),
)
def test_a_file_that_cannot_be_read_is_refused_and_not_passed_over(
    name: str, content: bytes, why: str
) -> None:
    # The one that comes last would declare gates.
    error = refusal({"Makefile": MAKEFILE} | {name: content})

    assert str(error).startswith(f"cannot read the gates of {name}: ")
    assert why in str(error)
    assert error.hint


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"README.md": b"gate-all: yes"},
        {"Makefile": b"# gate-all:\nall:\n\tmake gate-all\n"},
        {"pyproject.toml": b"[project]\nname='x'\n"},
        {"pyproject.toml": b"[tool.pm-runner.gates]\n"},
        {"pyproject.toml": b"tool = 7\n"},
    ],
)
def test_without_any_gate_a_first_table_is_given_to_paste(files: dict[str, bytes]) -> None:
    error = refusal(files)

    assert str(error).startswith("cannot find gates")
    hint = str(error.hint)
    pasted = hint[hint.index("[") :].encode()
    assert [gate.name for gate in declared({"pyproject.toml": pasted}).gates] == ["unit"]


def test_tests_that_stand_in_the_commit_are_refused_with_inputs_that_match_nothing() -> None:
    gates = declared(
        {
            "pm-runner.toml": b"[gates.a]\ncommand='x'\ntests='junit.xml'\ninputs=['src', '!old']\n"
            b"[gates-prepare]\ncommand='x'\ninputs=['uv.lock']\n"
        }
    )
    check_paths(gates, ["src/a", "old/b", "uv.lock"])

    with pytest.raises(Refused) as refused:
        check_paths(gates, ["junit.xml", "old/b"])

    assert str(refused.value) == (
        "cannot read the gates of pm-runner.toml: gate a: tests: junit.xml is a file of the source, and"
        " nothing that a command wrote; gate a: inputs: 'src' matches no file of the source;"
        " gates-prepare: inputs: 'uv.lock' matches no file of the source"
    )


@pytest.mark.parametrize(
    ("source", "first"),
    [
        ("pyproject.toml", "append to pyproject.toml:\n\n[tool.pm-runner.gates-prepare]\n"),
        ("pm-runner.toml", "append to pm-runner.toml:\n\n[gates-prepare]\n"),
        ("Makefile", "write its gates into pm-runner.toml, and append there:\n\n[gates-prepare]\n"),
    ],
)
def test_what_declares_no_preparation_is_given_the_lines_to_add(source: str, first: str) -> None:
    gates = GateSet(gates=(), source=source)
    with pytest.raises(Refused, match=f"{source} declares nothing that does") as refused:
        must_prepare(gates)
    added = refused.value.hint or ""
    assert added.startswith(first)
    must_prepare(replace(gates, prepare=Preparation(command="x")))
