"""What is signed of a release: which tree it is, and by what right it runs.

The shape is in-toto's (Statement v1): a subject, named by digest, and a predicate of our own kind. Digests are
SHA-256, in hexadecimal; times are whole POSIX seconds, because no two programs print a fraction alike.
"""

from typing import Final

from msgspec import Struct, field

TYPE: Final = "https://in-toto.io/Statement/v1"
# Another meaning of a field is another number; a field more is none, and has a default.
PREDICATE: Final = "urn:pm-runner:release:1"
# What the signature is good for, and for nothing else: a key's other signatures are not this one.
NAMESPACE: Final = "pm-runner"


class Subject(Struct, frozen=True, kw_only=True):
    """A release by its name, and the digest of all that is in its `lib`."""

    name: str
    digest: dict[str, str]


class GateClaim(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What came of one gate; `tests` is none for a gate that declares that it has none."""

    name: str
    verdict: str
    definition: str
    log: str = ""
    tests: int | None = None
    failed: int = 0
    skipped: int = 0
    answered_by: str = ""
    signed_by: str = ""


class GatesClaim(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A gate run: by which definitions, with what results, and the digest of its whole record.

    `weaker` is the digest of the differences from what the running release was held to, and `weaker_by` who
    accepted them; both are empty where the gates are no weaker.
    """

    run: str
    definitions: str
    record: str
    results: tuple[GateClaim, ...]
    weaker: str = ""
    weaker_by: str = ""


class Approval(Struct, frozen=True, kw_only=True, rename="camel"):
    """Who approved which section of the evidence, and when."""

    by: str
    at: int
    evidence: str


class Builder(Struct, frozen=True, kw_only=True, rename="camel"):
    """What built the tree, and when."""

    name: str
    at: int


class Predicate(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """By what right a release runs: each field is a link of the chain that `prove` looks at.

    `facts` is the digest of the release's `release.json`, `git_tree` is git's own name of the commit's tree, `source` the digest of what was extracted of it, `lock` that
    of the list of wheels. `level` is the newest level of the state's format that the release knows.
    """

    environment: str
    facts: str
    commit: str
    git_tree: str
    source: str
    lock: str
    soabi: str
    level: int
    gates: GatesClaim
    evidence: str
    approval: Approval
    builder: Builder
    signer: str = ""
    signed: int = 0
    unconfined: bool = False


class Statement(Struct, frozen=True, kw_only=True, rename="camel"):
    """What is signed. Without `signer` and `signed` it is a draft."""

    subject: tuple[Subject, ...]
    predicate: Predicate
    type: str = field(default=TYPE, name="_type")
    predicate_type: str = PREDICATE
