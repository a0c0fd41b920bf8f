import io

from pmrunnerctl.render import Cell, Screen
from tests.unit.pmrunnerctl.conftest import Paper

ROWS: list[list[str | Cell]] = [
    ["p1", Cell("ACTIVE", "cyan"), "日本 build everything anew"],
    ["p12", "DRAFT", ""],
]


def test_a_table_aligns_its_columns_and_ends_no_line_with_blanks(paper: Paper) -> None:
    paper.table(("PLAN", "STATE", "TITLE"), ROWS)

    assert paper.text == (
        "PLAN  STATE   TITLE\np1    ACTIVE  日本 build everything anew\np12   DRAFT\n"
    )


def test_wide_characters_take_two_columns_of_a_table(paper: Paper) -> None:
    paper.table(("A", "B"), [("日本", "x"), ("ab", "y")])

    assert paper.text == "A     B\n日本  x\nab    y\n"


def test_on_a_terminal_the_stretching_column_is_cut_to_the_width() -> None:
    paper = Paper(35)

    paper.table(("PLAN", "STATE", "TITLE"), ROWS)

    assert paper.text.splitlines()[1] == "p1    ACTIVE  日本 build everythin…"


def test_columns_without_room_follow_on_a_line_of_their_own_where_they_say_something() -> None:
    paper = Paper(24)

    paper.table(("PLAN", "STATE", "TITLE"), ROWS)

    assert paper.text == (
        "PLAN  STATE\n  TITLE\np1    ACTIVE\n  日本 build everything…\np12   DRAFT\n"
    )


def test_nothing_but_the_stretching_column_is_ever_cut() -> None:
    paper = Paper(10)

    paper.table(("PATH", "TASK", "TITLE"), [("/srv/a/long/path", "t123", "a title that is longer")])

    assert paper.text.splitlines()[3:] == [
        "/srv/a/long/path",
        "  t123",
        "  a title that is lon…",
    ]


def test_a_column_that_is_wanted_whole_goes_on_below_itself() -> None:
    paper = Paper(32)

    paper.table(("CHECK", "FOUND"), [("disk", "0 MiB free: nothing new is accepted")], whole=True)

    assert paper.text == ("CHECK  FOUND\ndisk   0 MiB free: nothing new\n       is accepted\n")


def test_into_a_pipe_a_table_has_a_line_for_each_row_and_all_of_it(paper: Paper) -> None:
    paper.table(("CHECK", "FOUND"), [("disk", "0 MiB free " * 30)], whole=True)

    assert paper.text.count("\n") == 2
    assert paper.text.count("0 MiB free") == 30


def test_colour_is_seen_only_where_it_was_asked_for() -> None:
    plain, coloured = Paper(80), Paper(80, colour=True)
    for paper in (plain, coloured):
        paper.table(("STATE",), [(Cell("ERROR", "red"),)])

    assert plain.text == "STATE\nERROR\n"
    assert coloured.text == "\x1b[2mSTATE\x1b[0m\n\x1b[31mERROR\x1b[0m\n"


def test_pairs_align_and_leave_out_what_has_no_value(paper: Paper) -> None:
    paper.pairs([("state", "ok"), ("reason", ""), ("text", Cell("one\ntwo\n"))])

    assert paper.text == "state  ok\ntext   one\n       two\n"


def test_what_others_wrote_cannot_drive_the_terminal(paper: Paper) -> None:
    paper.line("\x1b[2J")
    paper.pairs([("text", "\x1b]0;x\x07")])
    paper.table(("T",), [("\x1b[2J",)])

    assert "\x1b" not in paper.text


def test_a_time_is_told_both_ways(paper: Paper) -> None:
    assert paper.when("2026-11-24T11:30:05.123Z") == "11:30:05 UTC, 2 min ago"
    assert not paper.when("")
    paper.addressed = lambda text: text.replace("ctl inbox", "ctl --env dev inbox")
    said = paper.reason("ctl inbox, since 2026-11-24T11:30:05.123Z")
    assert said == "ctl --env dev inbox, since 11:30:05 UTC, 2 min ago"


def test_a_stream_that_is_no_terminal_has_no_width_and_no_colour() -> None:
    screen = Screen.of(io.StringIO(), {})

    assert screen.columns is None
    assert not screen.colour
