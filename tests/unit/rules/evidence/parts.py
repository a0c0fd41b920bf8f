"""A change, the gate run of its content, and a section of it that nobody complains about."""

from typing import Final

from pmrunnerd.model.evidence import Account, Found, Lying, Made, Touched
from pmrunnerd.model.gates import Counted, Gate, GateResult, GateRun, GateSet, Verdict
from pmrunnerd.rules.evidence.areas import areas

DIGEST: Final = "a1" * 32
OTHER: Final = "b2" * 32
COMMIT: Final = "4f2a91c" + "0" * 33

ACCOUNT: Final = Account(
    source=DIGEST,
    commits=("e" * 40, COMMIT),
    base="c" * 40,
    made=(
        Made(commit=COMMIT, subject="Cut a torn tail off, before it is opened!", task="t12"),
        Made(commit="d" * 40, subject="Say it in the room's page"),
    ),
    changed=tuple(
        areas(
            (
                Touched(path="daemon/store/journal.py", added=30, removed=4),
                Touched(path="daemon/store/README.md", added=2),
                Touched(path="client/cli.py", added=1, removed=1),
                Touched(path="EVIDENCE.md", added=9),
            ),
            ("daemon/*",),
        )
    ),
)

RECORD: Final = GateRun(
    id="g3",
    project="w1",
    commit=COMMIT,
    source=DIGEST,
    definitions="d5" * 32,
    gates=GateSet(gates=(Gate(name="lint", command="true"),), source="pyproject.toml"),
    wanted=("lint", "unit"),
    started=0.0,
    results=(
        GateResult(
            gate="lint",
            verdict=Verdict.PASSED,
            definition="",
            inputs="",
            started=0.0,
            seconds=2.25,
            status=0,
            log="e7" * 32,
        ),
        GateResult(
            gate="unit",
            verdict=Verdict.PASSED,
            definition="",
            inputs="",
            started=0.0,
            seconds=75.0,
            status=0,
            tests=Counted(ran=812, skipped=3),
            answered_by="g2",
        ),
    ),
)

TABLE: Final = """\
| gate | verdict | status | tests          | time    | answered by | log          |
|------|---------|--------|----------------|---------|-------------|--------------|
| lint | passed  | 0      |                | 2.2 s   |             | e7e7e7e7e7e7 |
| unit | passed  | 0      | 812, 3 skipped | 1.2 min | g2          |              |
"""

GOOD: Final = f"""\
## {DIGEST} A torn tail is cut

Commit `{COMMIT}`

### What changed

#### client

The first line of the help names the new verb.

#### daemon/store

Half a line at the end of the journal is cut, and kept aside for whoever wants it.

### What was tried beyond the gates

A journal was cut at each of its bytes, and opened every time:

```
$ for n in $(seq 9000); do try $n; done
```

### What was not tried

Nobody tried it on a disk that is really full.

### Gates

{TABLE}"""

PREAMBLE: Final = "# Evidence\n\nWhat was shown to work.\n\n"


def found(text: str | bytes) -> Found:
    data = text.encode() if isinstance(text, str) else text
    return Found(lying=Lying.FILE, data=data, size=len(data))
