"""One name for what was asked and of what: digests of definitions, and of a gate's inputs.

A digest is the SHA-256 of a first line that says what it is of and the JSON of it with its keys in order,
without spaces and without what is the default. So neither the order of keys in a declaration
matters nor that of gates or their `needs`, nor which file declares them; that of `inputs` does, as `!` takes back.
"""

import hashlib
from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import fields

from pmrunnerd.model.gates import Gate, GateSet, Preparation
from pmrunnerd.rules.gates import globs

# The path of a file of the source, and the digest of what it is: content, mode, where a link leads.
Pair = tuple[str, str]


def definition(gate: Gate) -> str:
    """Return the digest of one gate's definition."""
    return of("gate", _gate(gate))


def definitions(gates: GateSet) -> str:
    """Return the digest of all definitions of a set, with what prepares them."""
    ordered = sorted(map(_gate, gates.gates), key=lambda gate: str(gate["name"]))
    prepare = said(gates.prepare) if gates.prepare is not None else None
    return of("gates", {"gates": ordered, "prepare": prepare})


def inputs(patterns: Iterable[str], files: Iterable[Pair]) -> str:
    """Return the digest of the files that the patterns take; without any pattern, of all files."""
    digests = dict(files)
    found = hashlib.sha256(b"pm-runner inputs 1\n")
    for path in sorted(globs.select(tuple(patterns), digests)):
        # A path may hold anything but NUL, even what is no UTF-8.
        found.update(f"{path}\0{digests[path]}\0".encode(errors="surrogateescape"))
    return found.hexdigest()


def preparation(prepare: Preparation | None, files: Iterable[Pair]) -> str:
    """Return the digest of how gates were prepared and from what; empty where nothing prepares them."""
    if prepare is None:
        return ""
    return of("preparation", [said(prepare), inputs(prepare.inputs, files)])


def said(struct: Struct) -> dict[str, Any]:
    """Return what a struct says beyond its defaults.

    `omit_defaults` would not do: it leaves out a value that is the very default, and not its equal.
    """
    defaults = {field.encode_name: field.default for field in fields(struct)}
    builtins = msgspec.to_builtins(struct)
    return {name: value for name, value in builtins.items() if value != defaults[name]}


def of(what: str, value: object) -> str:
    """Return the digest of what JSON can say."""
    encoded = msgspec.json.encode(value, order="sorted")
    return hashlib.sha256(f"pm-runner {what} 1\n".encode() + encoded).hexdigest()


def _gate(gate: Gate) -> dict[str, Any]:
    told = said(gate)
    return told | {"needs": sorted(gate.needs)} if gate.needs else told
