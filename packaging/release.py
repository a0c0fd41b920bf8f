"""A release of an environment: whether it can run here, whether all of it is there, and its programs."""

import json
import os
import sys
from collections.abc import Callable
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import Any

CANNOT = 78
SOABI = EXTENSION_SUFFIXES[0].strip(".").removesuffix(".so")
REBUILD = "sudo /usr/lib/pm-runner/release-zero   # builds the release of the package"


def cannot(what: str, hint: str = "") -> SystemExit:
    """Say `cannot X: why`, and what can be typed; return what is to be raised."""
    sys.stderr.write(f"pm-runner: cannot {what}\n" + (f"  hint: {hint}\n" if hint else ""))
    return SystemExit(CANNOT)


class Release:
    """The release that an environment runs now: a later switch of `dist` does not reach it."""

    def __init__(self, root: str, environment: str) -> None:
        dist = Path(f"{root}/opt/pm-runner/{environment}/dist")
        self.what = f"run pm-runner of {environment}"
        try:
            self.path = dist.resolve(strict=True)
        except OSError as exc:
            raise cannot(
                f"{self.what}: there is no release: {dist}: {exc.strerror}", REBUILD
            ) from exc
        self.lib = self.path / "lib"
        self.facts = self._facts()

    def _facts(self) -> dict[str, Any]:
        try:
            facts: dict[str, Any] = json.loads((self.path / "release.json").read_text())
            soabi, python = facts["soabi"], facts["python"]
            facts["files"], facts["bytes"], facts["tree"]
        except (OSError, ValueError, KeyError, TypeError) as exc:
            raise self.damaged(f"{self.path}/release.json: {exc}") from exc
        if soabi != SOABI:
            raise cannot(
                f"{self.what}: release {self.path} is built for Python {python} ({soabi}),"
                f" and {sys.executable} is Python {sys.version.split()[0]} ({SOABI})",
                REBUILD,
            )
        return facts

    def damaged(self, why: str) -> SystemExit:
        return cannot(f"{self.what}: the release is damaged: {why}", REBUILD)

    def must_be_whole(self) -> None:
        """Count what is there: a copy or a disk that left something out is found in 10 ms."""
        files = size = 0
        try:
            for directory, _, names in os.walk(self.lib, onerror=_raise):
                for name in names:
                    files += 1
                    size += os.lstat(f"{directory}/{name}").st_size
        except OSError as exc:
            raise self.damaged(str(exc)) from exc
        if (files, size) != (self.facts["files"], self.facts["bytes"]):
            raise self.damaged(
                f"{self.lib} has {files} files of {size} bytes,"
                f" and was built with {self.facts['files']} of {self.facts['bytes']}"
            )

    def must_be_what_was_built(self) -> None:
        """Look at every byte."""
        import hashlib  # noqa: PLC0415 - of the few who ask for it

        from contents import contents, differences  # noqa: PLC0415 - as above

        try:
            found = contents(self.lib)
        except (OSError, ValueError) as exc:
            raise self.damaged(str(exc)) from exc
        if found.digest == self.facts["tree"]:
            return
        try:
            built = (self.path / "manifest").read_bytes()
        except OSError:
            built = b""
        if hashlib.sha256(built).hexdigest() != self.facts["tree"]:
            raise self.damaged(f"{self.lib} is not what was built")
        wrong = differences(built, found.listing)
        raise self.damaged(f"{self.lib} is not what was built: {', '.join(wrong[:3])}")

    def enter(self, module: str, *words: str) -> Callable[..., int]:
        """Return a module's `main`, with the release where our own modules were imported from."""
        sys.path[0] = str(self.lib)
        sys.argv = list(words)
        try:
            found: Callable[..., int] = __import__(module, fromlist=["main"]).main
        except (ImportError, SyntaxError, EOFError, ValueError) as exc:
            raise self.damaged(f"{module}: {exc}") from exc
        return found


def _raise(exc: OSError) -> None:
    raise exc
