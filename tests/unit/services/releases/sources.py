"""A source that is small, with a lock of one wheel, and a root in which a release can be built of it."""

import base64
import hashlib
import zipfile
from collections.abc import Callable
from pathlib import Path

from pmrunnerd.rules.proof import manifest
from pmrunnerd.services.releases import tree

LOCK = "packaging/requirements-release.lock"
WHEEL = "cake-1.0-py3-none-any.whl"


def wheel(path: Path, *more: tuple[str | zipfile.ZipInfo, bytes]) -> str:
    """Write a wheel of one module and whatever else; return its digest."""
    path.parent.mkdir(parents=True, exist_ok=True)
    about = "cake-1.0.dist-info"
    parts: list[tuple[str | zipfile.ZipInfo, bytes]] = [
        ("cake/__init__.py", b"HEAT = {180, 200, 'hot'}\n"),
        (f"{about}/METADATA", b"Metadata-Version: 2.1\nName: cake\nVersion: 1.0\n"),
        (f"{about}/WHEEL", b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"),
        *more,
    ]
    lines = []
    with zipfile.ZipFile(path, "w") as file:
        for name, data in parts:
            file.writestr(name, data)
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            said = name if isinstance(name, str) else name.filename
            lines.append(f"{said},sha256={digest},{len(data)}\n")
        file.writestr(f"{about}/RECORD", "".join([*lines, f"{about}/RECORD,,\n"]))
    return hashlib.sha256(path.read_bytes()).hexdigest()


class Place:
    """A root with the package's wheels and one source tree of prod."""

    def __init__(self, root: Path, *more: tuple[str | zipfile.ZipInfo, bytes]) -> None:
        self.root = root
        self.package = root / "usr/share/pm-runner/wheels"
        self.digest_of_wheel = wheel(self.package / WHEEL, *more)
        lock = f"cake==1.0 \\\n    --hash=sha256:{self.digest_of_wheel}\n"
        (self.package / "requirements.txt").write_text(lock)
        (self.package / "source.lock").write_text(lock)
        (root / "opt/pm-runner/prod/releases").mkdir(parents=True)
        self.trees = root / "var/lib/pm-runner/gates/prod/trees"
        self.digest = self.source(lambda _: None)

    def with_file(self, name: str, text: str) -> str:
        """Add a source tree in which one file says something else; return its digest."""

        def change(top: Path) -> None:
            (top / name).write_text(text)

        return self.source(change)

    def source(self, change: Callable[[Path], None]) -> str:
        """Add a source tree, with one thing changed; return its digest."""
        top = self.trees / "new"
        parts = {
            "pmrunnerd/__init__.py": '__version__ = "0.1.0"\n',
            "pmrunnerd/store/levels.py": "LEVEL: Final = 1\n",
            "pmrunnerctl/__init__.py": "TASTES = {'sweet', 'salty', 'sour'}\n",
            "README.md": "# cake\n",
            LOCK: (self.package / "source.lock").read_text(),
        }
        for name, text in parts.items():
            (top / name).parent.mkdir(parents=True, exist_ok=True)
            (top / name).write_text(text)
        change(top)
        digest = manifest.digest(manifest.write(tree.look(top)))
        top.rename(self.trees / digest)
        return digest
