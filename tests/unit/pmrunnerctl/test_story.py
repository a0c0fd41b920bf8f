import json
import os
from pathlib import Path
from typing import Any

import pytest

from pmrunnerctl import story

UNIT = "pm-runner@prod.service"
RUN = "pm-runner-run@prod-r1-4f2a.service"


def entry(unit: str, message: Any, **more: str) -> dict[str, Any]:
    known = {"SYSLOG_IDENTIFIER": "pm-runner-run", "_PID": "7", "_HOSTNAME": "here"}
    at = {"__REALTIME_TIMESTAMP": "1764160496123456"}
    return {**known, **at, "_SYSTEMD_UNIT": unit, "MESSAGE": message, **more}


@pytest.mark.parametrize(
    ("unit", "believed"),
    [
        (UNIT, True),
        (RUN, True),
        ("pm-runner-run@dev-r1-4f2a.service", False),
        ("pm-runner-run@prodigy-r1-4f2a.service", False),
        ("pm-runner@dev.service", False),
        ("cron.service", False),
    ],
)
def test_only_what_its_own_units_wrote_is_of_an_environment(unit: str, believed: bool) -> None:
    assert story.is_believed(entry(unit, "x"), UNIT) is believed


@pytest.mark.parametrize("odd", [{}, {"_SYSTEMD_UNIT": None}, {"_SYSTEMD_UNIT": [UNIT, UNIT]}])
def test_what_no_unit_wrote_is_nobody_s(odd: dict[str, Any]) -> None:
    assert not story.is_believed(odd, UNIT)


def test_an_entry_is_shown_as_journalctl_shows_it() -> None:
    shown = story.text(json.dumps(entry(UNIT, "run-ended")))
    assert shown.endswith(" here pm-runner-run[7]: run-ended")
    assert shown.split()[2].count(":") == 2


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ([104, 105, 255], "hi\ufffd"),
        (None, ""),
        (["one", "two"], "one"),
        ([[104], "x"], "h"),
        ([None], ""),
    ],
)
def test_what_is_no_text_or_too_long_is_shown_as_far_as_it_can_be(said: Any, shown: str) -> None:
    assert story.text(json.dumps(entry(UNIT, said))).endswith(f"[7]: {shown}")


def test_forged_entries_take_the_place_of_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = tmp_path / "journal"
    true = [json.dumps(entry(RUN, f"{number}")) for number in range(3)]
    forged = [json.dumps(entry("pm-runner-run@dev-r9.service", "forged"))] * 9
    journal.write_text("\n".join([*true, *forged, "-- Boot --", ""]))
    (tmp_path / "journalctl").write_text(
        f'#!/bin/sh\ncat "{journal}"\necho "$@" > {tmp_path}/words\n'
    )
    (tmp_path / "journalctl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    said = list[str]()
    words = ["PMRUNNER_TASK=t1", "--priority=4"]
    assert story.show(UNIT, words, lines=2, follow=False, say=said.append)

    assert [json.loads(line)["MESSAGE"] for line in said] == ["1", "2"]
    words = (tmp_path / "words").read_text().split()
    assert {"PMRUNNER_TASK=t1", "--priority=4", "--lines=all", "--output=json"} <= set(words)

    journal.write_text("\n".join(forged))
    assert not story.show(UNIT, ["PMRUNNER_TASK=t1"], lines=2, follow=False, say=said.append)
    assert len(said) == 2
