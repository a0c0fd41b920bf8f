"""How many tests a JUnit file tells of: its cases are counted, and what its suites claim is not believed.

The file was written by what is being judged. So there is no DTD and no entity in it, no more than so many
bytes, elements and levels, and whatever is no JUnit is refused with the reason.
"""

from typing import Final
from xml.parsers import expat

from pmrunnerd.model.errors import Refused
from pmrunnerd.model.gates import Counted
from pmrunnerd.model.quantities import size

LARGEST: Final = 32 << 20
MOST: Final = 500_000
DEEPEST: Final = 64
NAMED: Final = 100

_ROOTS: Final = frozenset({"testsuites", "testsuite"})
_BAD: Final = frozenset({"failure", "error"})
# As elements of a case, and as its `status` or `result` in other dialects.
_SKIPPED: Final = frozenset({"skipped", "disabled", "notrun", "suppressed", "ignored"})


def count(text: bytes) -> Counted:
    """Count the cases of a file; raise Refused where it is no JUnit file that can be believed."""
    return _counted(text).counted()


def failed(text: bytes) -> tuple[str, ...]:
    """Return the names of cases that failed, as the file has them, at most `NAMED`; raise Refused as `count`."""
    return tuple(_counted(text).named)


def _counted(text: bytes) -> "_Counter":
    if len(text) > LARGEST:
        raise _refused(f"it has more than {size(LARGEST)}")
    counter = _Counter()
    parser = expat.ParserCreate()
    parser.StartElementHandler = counter.start
    parser.EndElementHandler = counter.end
    parser.StartDoctypeDeclHandler = counter.declare
    try:
        parser.Parse(text, True)  # noqa: FBT003 - its only name is its position
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise _refused(f"it is no XML: {error}") from None
    return counter


class _Counter:
    def __init__(self) -> None:
        self._open: list[str] = []
        self._elements = 0
        self._ran = self._failed = self._skipped = 0
        self._case_failed = self._case_skipped = False
        self._case = ""
        self.named: list[str] = []

    def declare(self, *_: object) -> None:
        raise _refused("it declares a document type, which may stand for anything")

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        self._elements += 1
        if self._elements > MOST:
            raise _refused(f"it has more than {MOST:,} elements")
        if len(self._open) >= DEEPEST:
            raise _refused(f"it is nested deeper than {DEEPEST}")
        if not self._open and name not in _ROOTS:
            raise _refused(f"it begins with <{name[:60]}>, and not with a test suite")
        inside = self._open[-1] if self._open else ""
        self._open.append(name)
        if name == "testcase":
            if "testcase" in self._open[:-1]:
                raise _refused("it has a case within a case")
            self._case = ".".join(filter(None, map(attributes.get, ("classname", "name"))))
            said = {attributes.get(key, "").lower() for key in ("status", "result")}
            self._case_failed = bool(said & {"failed", "failure", "error"})
            self._case_skipped = bool(said & _SKIPPED)
        elif name in _BAD and inside == "testcase":
            self._case_failed = True
        elif name in _BAD and inside in _ROOTS:
            # What failed before any case of a suite began.
            self._ran += 1
            self._failed += 1
        elif name in _SKIPPED and inside == "testcase":
            self._case_skipped = True

    def end(self, _: str) -> None:
        if self._open.pop() != "testcase":
            return
        # A case that failed and says that it was skipped as well has failed.
        if self._case_failed or not self._case_skipped:
            self._ran += 1
            self._failed += self._case_failed
            if self._case_failed and len(self.named) < NAMED:
                self.named.append(self._case)
        else:
            self._skipped += 1

    def counted(self) -> Counted:
        return Counted(ran=self._ran, failed=self._failed, skipped=self._skipped)


def _refused(why: str) -> Refused:
    return Refused(
        f"cannot count the tests: {why}",
        hint='tests = "PATH" names the JUnit file that a gate writes',
    )
