import json

import pytest

from pmrunnerctl import entry
from pmrunnerd.model.catalog import MESSAGE_IDS

ENTRY = {
    "__REALTIME_TIMESTAMP": "1764183600123456",
    "_HOSTNAME": "host",
    "_PID": "42",
    "_SYSTEMD_UNIT": "pm-runner@prod.service",
    "SYSLOG_IDENTIFIER": "pmrunnerd",
    "PRIORITY": "4",
    "MESSAGE_ID": MESSAGE_IDS["task-failed"],
    "PMRUNNER_EVENT": "task-failed",
    "PMRUNNER_TASK": "t7",
    "CODE_FILE": "/x.py",
    "MESSAGE": "task-failed task=t7",
}


def test_an_entry_of_the_journal_has_our_fields_and_what_the_journal_knows_of_it() -> None:
    said = entry.of_journal(json.dumps(ENTRY))

    assert said.fields == {"PMRUNNER_EVENT": "task-failed", "PMRUNNER_TASK": "t7"}
    assert (said.priority, said.message_id) == (4, MESSAGE_IDS["task-failed"])
    assert (said.at, said.unit) == ("2025-11-26T19:00:00.123Z", "pm-runner@prod.service")
    assert said.message == "task-failed task=t7"
    assert said.line.endswith(" host pmrunnerd[42]: task-failed task=t7")


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (["t1", "t2"], ["t1", "t2"]),
        ([99, 97, 233], "ca\N{REPLACEMENT CHARACTER}"),
        ([[27, 93], "x"], ["\x1b]", "x"]),
        ("a\nb", "a\nb"),
    ],
)
def test_a_field_that_stands_twice_or_is_no_text_is_read_all_the_same(
    value: object, read: object
) -> None:
    said = entry.of_journal(json.dumps(ENTRY | {"PMRUNNER_TASK": value, "PMRUNNER_ODD": None}))
    assert said.fields == {"PMRUNNER_EVENT": "task-failed", "PMRUNNER_TASK": read}


@pytest.mark.parametrize("line", ["-- Reboot --", "[1]", "", '{"MESSAGE":'])
def test_what_is_no_entry_is_a_line(line: str) -> None:
    assert entry.of_journal(line) == entry.Said(line=line)


@pytest.mark.parametrize("priority", ["x", "\N{SUPERSCRIPT TWO}"])
def test_an_entry_of_which_nothing_is_known_is_no_reason_to_end(priority: str) -> None:
    assert entry.of_journal(json.dumps({"PRIORITY": priority})).line == "unknown: "


def test_a_line_of_a_file_has_the_same_shape_as_an_entry() -> None:
    line = 'time=2026-11-24T12:30:00.123Z level=warning event=task-failed task=t1,t2 reason="a b"'
    said = entry.of_line(line)

    assert said.fields == {
        "PMRUNNER_EVENT": "task-failed",
        "PMRUNNER_TASK": ["t1", "t2"],
        "PMRUNNER_REASON": "a b",
    }
    assert (said.line, said.at, said.priority) == (line, "2026-11-24T12:30:00.123Z", 4)
    assert said.message_id == MESSAGE_IDS["task-failed"]


def test_a_line_that_somebody_else_wrote_is_itself() -> None:
    said = entry.of_line("Traceback (most recent call last):")
    assert (said.line, said.priority, said.message_id, said.fields) == (said.line, None, "", {})
