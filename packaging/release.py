"""A release of an environment: whether it can run here, whether all of it is there, and its programs."""

import gc
import json
import os
import sys
from collections.abc import Callable
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import Any

CANNOT = 78
# What whoever counts says of a release in which nothing is missing.
WHOLE = b"whole"
SOABI = EXTENSION_SUFFIXES[0].strip(".").removesuffix(".so")
REBUILD = "sudo /usr/lib/pm-runner/release-zero   # builds the release of the package"


def cannot(what: str, hint: str = "") -> SystemExit:
    """Say `cannot X: why`, and what can be typed; return what is to be raised."""
    sys.stderr.write(f"pm-runner: cannot {what}\n" + (f"  hint: {hint}\n" if hint else ""))
    return SystemExit(CANNOT)


class Release:
    """The release that an environment runs now, or another of its own: a later switch of `dist` does not reach it."""

    def __init__(self, root: str, environment: str, name: str = "dist") -> None:
        dist = Path(f"{root}/opt/pm-runner/{environment}/{name}")
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

    def counting(self) -> Callable[[], None]:
        """Begin to count what is there, beside us; return what waits for it, and ends us where something is missing."""
        said, says = os.pipe()
        child = os.fork()
        if not child:
            try:
                os.write(says, self.lacks().encode() or WHOLE)
            finally:
                os._exit(0)
        os.close(says)

        def must_be_whole() -> None:
            with os.fdopen(said, "rb") as pipe:
                found = pipe.read()
            os.waitpid(child, 0)
            # One that ended without a word has counted nothing.
            if why := "" if found == WHOLE else found.decode() or self.lacks():
                raise self.damaged(why)

        return must_be_whole

    def lacks(self) -> str:
        """Count what is there: a copy or a disk that left something out is found in 20 ms."""
        files = size = 0
        directories = [str(self.lib)]
        try:
            while directories:
                with os.scandir(directories.pop()) as entries:
                    for entry in entries:
                        if entry.is_dir(follow_symlinks=False):
                            directories.append(entry.path)
                        else:
                            files += 1
                            size += entry.stat(follow_symlinks=False).st_size
        except OSError as exc:
            return str(exc)
        if (files, size) == (self.facts["files"], self.facts["bytes"]):
            return ""
        return (
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


def meanwhile() -> None:
    """Import what every daemon needs of Python itself, which nobody has to count."""
    gc.disable()  # what is imported stays; a daemon has it back once it has imported its own
    # It speaks no TLS: it has no network. Whoever asks for that later gets it.
    sys.modules["ssl"] = None  # type: ignore[assignment]
    import asyncio  # noqa: F401, PLC0415 - as above

    del sys.modules["ssl"]


def daemon(root: str, environment: str, *options: str, name: str = "dist") -> int:
    """Be the daemon of an environment, where all of its release is there."""
    release = Release(root, environment, name)
    must_be_whole = release.counting()
    meanwhile()
    must_be_whole()
    return release.enter("pmrunnerd.main", "pmrunnerd", "--env", environment, *options)()
