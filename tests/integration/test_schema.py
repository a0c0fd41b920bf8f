"""What a real daemon leaves in its state directory, line by line against `state/schema.json`."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from pmrunnerd.model import protocol as p
from tests.house.tree import ROOT
from tests.integration.daemon import Daemon

DEFS: Final[dict[str, Any]] = json.loads((ROOT / "state/schema.json").read_text())["$defs"]
KINDS: Final[dict[str, Any]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "array": list,
    "object": dict,
    "null": type(None),
}


def faults(found: Any, schema: dict[str, Any], where: str = "") -> Iterator[str]:
    """Yield what of a value a schema does not allow, as far as ours use the language of schemas."""
    if "$ref" in schema:
        yield from faults(found, DEFS[schema["$ref"].rpartition("/")[2]], where)
    elif "discriminator" in schema:
        tag = found[schema["discriminator"]["propertyName"]]
        mapping = schema["discriminator"]["mapping"]
        if tag not in mapping:
            yield f"{where}: no {tag} is known"
        else:
            yield from faults(found, {"$ref": mapping[tag]}, where)
    elif "anyOf" in schema:
        if all(list(faults(found, one, where)) for one in schema["anyOf"]):
            yield f"{where}: is nothing of what it may be"
    elif "enum" in schema:
        if found not in schema["enum"]:
            yield f"{where}: {found!r} is none of {schema['enum']}"
    elif "type" in schema:
        yield from of_type(found, schema, where)


def of_type(found: Any, schema: dict[str, Any], where: str) -> Iterator[str]:
    if not isinstance(found, KINDS[schema["type"]]):
        yield f"{where}: {found!r} is no {schema['type']}"
    elif "properties" in schema:
        properties = schema["properties"]
        yield from (
            f"{where}.{n}: is missing" for n in schema.get("required", ()) if n not in found
        )
        yield from (f"{where}.{n}: is not in it" for n in found if n not in properties)
        for name, value in found.items():
            yield from faults(value, properties.get(name, {}), f"{where}.{name}")
    elif isinstance(found, list):
        rows = schema.get("prefixItems") or [schema["items"]] * len(found)
        if len(rows) != len(found):
            yield f"{where}: has {len(found)} items"
        for value, one in zip(found, rows, strict=False):
            yield from faults(value, one, f"{where}[]")


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with Daemon(tmp_path_factory.mktemp("schema") / "state") as daemon:
        daemon.add_project("cake")
        daemon.say("cake", "echo hello > hello.txt; pm-ask 'Which fruit?' apple cherry")
        daemon.until("cake", lambda entry: entry.kind == "question")
        daemon.ask(p.Answer(question="q1", text="cherry"))
        daemon.until("cake", lambda entry: entry.kind == "complete" and not entry.task)
    return daemon.state


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_every_line_of_the_journal_and_of_every_run_is_as_the_schema_says(state: Path) -> None:
    commits = lines(state / "journal" / "00000001.jsonl")
    assert len(commits) > 10
    for commit in commits:
        assert list(faults(commit, DEFS["JournalLine"])) == []
    reports = [line for path in (state / "runs").glob("*/events.jsonl") for line in lines(path)]
    assert len(reports) >= 4
    for report in reports:
        assert list(faults(report, DEFS["RunReport"])) == []


def test_the_lock_and_what_a_run_was_told_are_as_the_schema_says(state: Path) -> None:
    assert list(faults(json.loads((state / "lock").read_text()), DEFS["Lock"])) == []
    specs = list((state / "runs").glob("*/spec.json"))
    assert len(specs) == 2
    for spec in specs:
        assert list(faults(json.loads(spec.read_text()), DEFS["RunSpec"])) == []


def test_what_is_not_as_the_schema_says_is_found(state: Path) -> None:
    commit = lines(state / "journal" / "00000001.jsonl")[0]
    fact = commit[1]["facts"][0]
    for wrong in (
        {**fact, "mood": "good"},
        {**fact, "pid": "7"},
        {**fact, "fact": "daemon-sulked"},
        {"fact": "daemon-started"},
    ):
        assert list(faults([commit[0], {**commit[1], "facts": [wrong]}], DEFS["JournalLine"]))
