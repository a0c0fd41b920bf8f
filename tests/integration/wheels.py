"""Wheels of what the tests have installed, and a lock of them: releases that run can be built without an index."""

import base64
import hashlib
import zipfile
from importlib import metadata
from pathlib import Path
from typing import Final

# What a daemon imports, and what a client does.
NEEDED: Final = (
    *("anyio", "click", "h11", "idna", "lockfile", "msgspec", "python-daemon", "sdnotify"),
    *("starlette", "typing-extensions", "uvicorn", "watchdog"),
)
_NOTES: Final = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"})


def wheel(name: str, into: Path) -> str:
    """Make a wheel again of what was installed of one; return its line of a lock."""
    found = metadata.distribution(name)
    about = f"{name.replace('-', '_')}-{found.version}"
    tags = [
        line.removeprefix("Tag: ")
        for line in (found.read_text("WHEEL") or "").splitlines()
        if line.startswith("Tag: ")
    ]
    tag = next((one for one in tags if one.startswith("py3-")), tags[0])
    path = into / f"{about}-{tag}.whl"
    lines = []
    with zipfile.ZipFile(path, "w") as file:
        for one in found.files or ():
            if ".." in one.parts or "__pycache__" in one.parts or one.name in _NOTES:
                continue
            data = one.read_binary()
            inside = str(one).replace(one.parts[0], f"{about}.dist-info", 1)
            inside = inside if one.parts[0].endswith(".dist-info") else str(one)
            file.writestr(zipfile.ZipInfo(inside), data)
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            lines.append(f"{inside},sha256={digest},{len(data)}\n")
        record = f"{about}.dist-info/RECORD"
        file.writestr(zipfile.ZipInfo(record), "".join([*lines, f"{record},,\n"]))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return f"{name}=={found.version} \\\n    --hash=sha256:{digest}\n"


def package(root: Path) -> str:
    """Have a root bring wheels, as the package does; return their lock."""
    place = root / "usr/share/pm-runner/wheels"
    place.mkdir(parents=True)
    lock = "".join(wheel(name, place) for name in NEEDED)
    (place / "requirements.txt").write_text(lock)
    (place / "source.lock").write_text(lock)
    return lock
