import os
from pathlib import Path

import pytest

from pmrunnerd.services.gates import logs
from pmrunnerd.services.gates.logs import GateLogs
from pmrunnerd.services.gates.tries import PREPARE, name
from tests.unit.rules.gates.tries import RECORD
from tests.unit.services.gates.parts import Here


def test_a_log_that_is_not_there_or_a_link_tells_nothing(tmp_path: Path) -> None:
    here = Here(tmp_path)
    read = GateLogs(here.place).read
    assert read(RECORD, "unit", 0) is None
    secret = tmp_path / "secret"
    secret.write_text("nobody's business\n")
    place = here.place.path(name(RECORD, "unit"))
    place.mkdir()
    (place / "log").symlink_to(secret)
    with pytest.raises(OSError, match="symbolic links"):
        read(RECORD, "unit", 0)


def test_what_is_no_file_keeps_nobody_waiting(tmp_path: Path) -> None:
    here = Here(tmp_path)
    place = here.place.path(name(RECORD, "unit"))
    place.mkdir()
    os.mkfifo(place / "log")
    with pytest.raises(OSError, match="seek"):
        GateLogs(here.place).read(RECORD, "unit", 0)


def test_a_log_is_read_page_by_page_and_that_of_the_preparation_has_no_gate(tmp_path: Path) -> None:
    here = Here(tmp_path)
    for gate, text in (("unit", b"x" * logs.PAGE + b"end\n"), (PREPARE, b"installed\n")):
        place = here.place.path(name(RECORD, gate))
        place.mkdir()
        (place / "log").write_bytes(text)
    read = GateLogs(here.place).read

    assert read(RECORD, "unit", 0) == b"x" * logs.PAGE
    assert read(RECORD, "unit", logs.PAGE) == b"end\n"
    assert read(RECORD, "unit", logs.PAGE + 4) == b""
    assert read(RECORD, "", 0) == b"installed\n"
