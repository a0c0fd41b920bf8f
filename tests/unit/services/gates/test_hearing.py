from pathlib import Path

from msgspec.structs import replace

from pmrunnerd.model.gates import Verdict
from pmrunnerd.services.gates.hearing import Hearing
from pmrunnerd.services.gates.tries import name
from tests.unit.rules.gates.tries import RECORD, result
from tests.unit.services.gates.parts import Here, awaited

BAD = replace(RECORD, results=(result("lint"), result("unit", Verdict.FAILED)))


@awaited
async def test_what_a_gate_printed_and_which_cases_failed_is_heard(tmp_path: Path) -> None:
    here = Here(tmp_path)
    case = '<testsuite><testcase name="a"><failure/></testcase></testsuite>'
    command = f"echo '{case}' > junit.xml; echo printed; false"
    await here.tried(name(BAD, "unit"), command, tests="junit.xml")
    heard = await Hearing(here.place).hear(BAD)

    assert heard.keys() == {"unit"}, "of those that passed nothing is told"
    assert "printed" in heard["unit"].log
    assert heard["unit"].cases == ("a",)


@awaited
async def test_of_a_gate_that_was_never_tried_nothing_is_heard(tmp_path: Path) -> None:
    heard = await Hearing(Here(tmp_path).place).hear(BAD)
    assert (heard["unit"].log, heard["unit"].cases) == ("", ())


@awaited
async def test_of_a_long_log_the_end_is_heard(tmp_path: Path) -> None:
    here = Here(tmp_path)
    place = here.place.path(name(BAD, "unit"))
    place.mkdir(parents=True)
    (place / "log").write_bytes(b"x" * 5_000_000 + b"\nlast \xff\n")
    heard = await Hearing(here.place).hear(BAD)

    assert heard["unit"].log.endswith("\nlast �\n")
    assert len(heard["unit"].log) <= 64 << 10
