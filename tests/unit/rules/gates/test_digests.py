from hashlib import sha256

from pmrunnerd.model.gates import Gate, GateSet, Preparation, Where
from pmrunnerd.rules.gates import digests
from pmrunnerd.rules.gates.declared import declared

LINT = Gate(name="lint", command="ruff check")
UNIT = Gate(name="unit", command="pytest", needs=("lint", "types"))


def test_the_order_of_keys_and_of_gates_and_of_needs_changes_no_digest() -> None:
    one = declared(
        {
            "pyproject.toml": b"[tool.pm-runner.gates.a]\ncommand='x'\ntimeout='60s'\n"
            b"[tool.pm-runner.gates.b]\ncommand='y'\nneeds=['a', 'c']\n"
            b"[tool.pm-runner.gates.c]\ncommand='z'\n"
        }
    )
    other = declared(
        {
            "pm-runner.toml": b"[gates.c]\ncommand='z'\n[gates.b]\nneeds=['c', 'a']\ncommand=' y\\n'\n"
            b"[gates.a]\ntimeout='1min'\ncommand='x'\n".replace(b"' y\\n'", b'" y\\n"')
        }
    )

    assert digests.definitions(one) == digests.definitions(other)


def test_what_is_said_though_it_is_the_default_changes_no_digest() -> None:
    said = Gate(name="lint", command="ruff check", timeout=600.0, runs=Where.UNIT, tests="none")

    assert digests.definition(said) == digests.definition(LINT)


def test_each_thing_of_a_gate_changes_its_digest() -> None:
    others = [
        LINT,
        Gate(name="lint2", command="ruff check"),
        Gate(name="lint", command="true"),
        Gate(name="lint", command="ruff check", needs=("a",)),
        Gate(name="lint", command="ruff check", timeout=1.0),
        Gate(name="lint", command="ruff check", inputs=("a", "!b")),
        Gate(name="lint", command="ruff check", inputs=("!b", "a")),
        Gate(name="lint", command="ruff check", tests="j.xml"),
        Gate(name="lint", command="ruff check", network=True),
        Gate(name="lint", command="ruff check", runs=Where.HOST),
    ]

    assert len({digests.definition(gate) for gate in others}) == len(others)


def test_what_prepares_a_set_is_part_of_its_digest() -> None:
    bare = GateSet(gates=(LINT,), source="a")
    prepared = GateSet(gates=(LINT,), source="a", prepare=Preparation(command="uv sync"))

    assert digests.definitions(bare) != digests.definitions(prepared)
    assert digests.preparation(None, []) == ""


def test_digests_are_made_as_the_page_of_this_room_says() -> None:
    gate = b'pm-runner gate 1\n{"command":"pytest","name":"unit","needs":["lint","types"]}'
    files = b"pm-runner inputs 1\na\0001\0b\0002\0"

    assert digests.definition(UNIT) == sha256(gate).hexdigest()
    assert digests.inputs((), [("b", "2"), ("a", "1")]) == sha256(files).hexdigest()


def test_inputs_are_a_matter_of_content_and_name_and_of_nothing_that_is_left_out() -> None:
    files = [("src/a.py", "11"), ("README.md", "22")]
    mine = digests.inputs(["src"], files)

    assert mine == digests.inputs(["src"], [("README.md", "33"), ("src/a.py", "11")])
    assert mine != digests.inputs(["src"], [("src/a.py", "12")])
    assert mine != digests.inputs(["src"], [("src/b.py", "11")])
    assert mine != digests.inputs((), files)


def test_names_that_run_into_each_other_are_told_apart() -> None:
    assert digests.inputs((), [("a", "bc")]) != digests.inputs((), [("ab", "c")])
    assert digests.inputs((), [("a\nb", "c")]) != digests.inputs((), [("a", "b\nc")])


def test_a_path_that_is_no_utf8_has_a_digest_too() -> None:
    assert digests.inputs((), [("\udcff", "1")]) != digests.inputs((), [("\udcfe", "1")])


def test_a_preparation_is_another_one_once_its_inputs_are() -> None:
    prepare = Preparation(command="uv sync", inputs=("uv.lock",))
    one = digests.preparation(prepare, [("uv.lock", "1"), ("a", "1")])

    assert one == digests.preparation(prepare, [("uv.lock", "1"), ("a", "2")])
    assert one != digests.preparation(prepare, [("uv.lock", "2"), ("a", "1")])
