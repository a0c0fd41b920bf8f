"""What the units of systemd/ say, the table of its page, and the rule of polkit: held side by side."""

import re
from pathlib import Path
from typing import Final, NamedTuple

SYSTEMD: Final = "systemd"
# Directives by which a unit gives away what it could have.
TAKES_AWAY: Final = re.compile(
    r"(NoNewPrivileges|CapabilityBoundingSet|AmbientCapabilities|Private\w+|Protect\w+|Restrict(?!F|P)\w+"
    r"|SystemCall\w+|LockPersonality|MemoryDenyWriteExecute|RemoveIPC|KeyringMode|DevicePolicy"
    r"|IPAddressDeny|InaccessiblePaths|UMask)="
)


# Directories that a unit is given, and where they are.
_BELOW: Final = {"StateDirectory": "/var/lib", "RuntimeDirectory": "/run"}


# What in the daemon's own unit starts another one, and what that is called.
_PULLS: Final = {"Wants": "boot", "OnFailure": "failure"}


class Row(NamedTuple):
    """A unit, its user, who may start it, where it writes, and whether it reaches a network."""

    unit: str
    user: str
    starters: frozenset[str]
    writes: frozenset[str]
    network: bool


def directives(path: Path) -> list[tuple[str, str]]:
    """Return the keys and values of a unit file, in order."""
    lines = (line.strip() for line in path.read_text().splitlines())
    pairs = (line.partition("=") for line in lines if line and line[0] not in "#;[")
    return [(key, value) for key, _, value in pairs]


def rows(root: Path) -> list[Row]:
    """Return what the page of systemd/ says."""
    found = []
    for line in (root / SYSTEMD / "README.md").read_text().splitlines():
        cells = [cell.strip().replace("`", "") for cell in line.strip("|").split("|")]
        if line.startswith("| `pm-runner") and len(cells) == len(Row._fields):
            unit, user, starters, writes, network = cells
            found.append(Row(unit, user, _set(starters), _set(writes), network != "none"))
    return found


def _set(text: str) -> frozenset[str]:
    return frozenset(filter(None, text.split(", "))) - {"nothing"}


def units(root: Path) -> list[Row]:
    """Return the same of the unit files and the rule, spelt as the page spells it."""
    return [
        _row(path, root, _ruled(root))
        for path in sorted((root / SYSTEMD).glob("pm-runner*.service"))
    ]


def _row(path: Path, root: Path, ruled: set[str]) -> Row:
    said = directives(path)
    known = dict(said)
    kind = path.name.removesuffix("@.service")
    is_one = re.search(
        r"launch (run|notify|fetch|build|gate \w+|prepare) %i$", known.get("ExecStart", "")
    )
    instance = "ENV-ID" if is_one else "ENV"
    starters = {"operator"}
    if path.with_suffix(".socket").exists():
        starters.add("socket")
    if path.with_suffix(".timer").exists():
        starters.add("timer")
    starters |= {
        word for key, word in _PULLS.items() if f"{kind}@%i.service" in _of_daemon(root, key)
    }
    if kind.removeprefix("pm-runner-") in ruled:
        starters.add("pm-runner-ENV")
    if kind.removeprefix("pm-runner-") in {name.partition("@")[0] for name in roots(root)}:
        starters.add("pm-runner-prod")
    writes = {f"{_BELOW[key]}/{value}" for key, value in said if key in _BELOW}
    writes |= {
        place.removeprefix("-")
        for key, value in said
        if key == "ReadWritePaths"
        for place in value.split()
    }
    return Row(
        f"{kind}@{instance}",
        "DynamicUser"
        if known.get("DynamicUser") == "yes"
        else known.get("User", "root").replace("%i", "ENV"),
        frozenset(starters),
        frozenset(place.replace("%i", "ENV") for place in writes),
        known.get("PrivateNetwork") != "yes",
    )


def _of_daemon(root: Path, key: str) -> list[str]:
    """Return the units that the daemon's names for a key."""
    unit = root / SYSTEMD / "pm-runner@.service"
    said = directives(unit) if unit.exists() else []
    return [name for known, value in said if known == key for name in value.split()]


def _ruled(root: Path) -> set[str]:
    """Return the kinds of units that a daemon may start."""
    rule = (root / SYSTEMD / "pm-runner.rules").read_text()
    kinds = re.search(r"pm-runner-\(([a-z|]+)\)@", rule)
    return set(kinds[1].split("|")) if kinds else set()


def roots(root: Path) -> set[str]:
    """Return the units of root that the daemon of prod may start, by kind and environment."""
    rule = (root / SYSTEMD / "pm-runner.rules").read_text()
    found = re.search(r"pm-runner-\(([a-z@|]+)\)\\\.service", rule)
    return set(found[1].split("|")) if found else set()


def verbs(root: Path) -> list[str]:
    """Return what a daemon may ask for its units."""
    rule = (root / SYSTEMD / "pm-runner.rules").read_text()
    found = re.search(r"\[([^\]]+)\]\.indexOf\(verb\)", rule)
    return re.findall(r'"([a-z-]+)"', found[1]) if found else []


def without_a_reason(path: Path) -> list[str]:
    """Return each directive that takes something away, where no comment above says why."""
    reasoned, found = False, []
    for line in path.read_text().splitlines():
        if line.startswith("#"):
            reasoned = True
        elif not line.strip():
            reasoned = False
        elif TAKES_AWAY.match(line) and not reasoned:
            found.append(f"{path.name}: {line}: why?")
    return found
