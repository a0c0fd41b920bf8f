import pytest
from msgspec.structs import replace

from pmrunnerd.model.gates import Counted, Verdict
from pmrunnerd.rules.evidence import lines, table
from tests.unit.rules.evidence.parts import RECORD, TABLE


def complaints(text: str) -> list[str]:
    return [one.what for one in table.compared(lines.read(text).lines, RECORD)]


def test_a_table_is_printed_as_the_records_have_it() -> None:
    assert "\n".join(table.printed(table.rows(RECORD))) + "\n" == TABLE
    assert complaints(TABLE) == []


def test_a_table_that_an_editor_has_laid_out_anew_is_the_same() -> None:
    text = TABLE.replace("  ", " ").replace("|---", "|:--").replace("| unit", "|unit")

    assert text != TABLE
    assert complaints(text) == []


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        (
            "| passed  | 0      |                |",
            "| failed | 0 | |",
            "lint the table says verdict failed, the records passed",
        ),
        ("812", "813", "unit the table says tests 813, 3 skipped, the records 812, 3 skipped"),
        ("e7e7e7e7e7e7", "e7e7e7e7e7e8", "log e7e7e7e7e7e8"),
        ("| g2", "|   ", "answered by nothing, the records g2"),
        ("| lint", "| lint2", "lacks lint, which is passed"),
        ("| lint", "| lint2", "has lint2, of which there is no record"),
        ("| unit", "| lint", "gate lint stands twice"),
        ("812, 3 skipped | ", "", "has 6 cells and not 7"),
    ],
)
def test_each_difference_from_the_records_is_told(before: str, after: str, what: str) -> None:
    assert before in TABLE
    assert any(what in one for one in complaints(TABLE.replace(before, after)))


def test_a_table_whose_rows_begin_and_end_without_a_bar_is_held_against_the_records_too() -> None:
    bare = "\n".join(line.strip("| ") for line in TABLE.splitlines())
    other = "gate | verdict | status | tests | time | answered by | log\n:-|-|-|-|-|-|-\nmine | passed | 0 | 9 | 1 s | x | y"

    assert "the gate table has mine, of which there is no record" in complaints(f"{TABLE}\n{other}")
    assert complaints(f"{bare.replace('lint', 'lint2')}") != complaints(TABLE)


def test_a_table_in_code_or_in_a_comment_is_no_table() -> None:
    assert len(complaints(f"```\n{TABLE}```")) == 2
    assert len(complaints(f"<!--\n{TABLE}-->")) == 2
    assert len(complaints("")) == 2


def test_a_gate_that_was_wanted_and_has_no_result_is_in_the_table() -> None:
    record = replace(RECORD, results=RECORD.results[:1])

    assert table.rows(record)["unit"][:2] == ("unit", "not run")


def test_what_a_gate_is_called_breaks_no_table() -> None:
    first = replace(
        RECORD.results[0], gate="a|b<!--`\n\u202e[x](y)", verdict=Verdict.FAILED, signed_by="anna|x"
    )
    record = replace(RECORD, wanted=(), results=(replace(first, tests=Counted(ran=2, failed=1)),))
    text = "\n".join(table.printed(table.rows(record)))

    assert text.isprintable() or text.replace("\n", "").isprintable()
    assert len(text.split("\n")) == 3
    assert list(table.compared(lines.read(text).lines, record)) == []
    assert "2, 1 failed" in text
