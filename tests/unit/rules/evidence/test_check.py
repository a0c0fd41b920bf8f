from typing import Final

import pytest
from msgspec.structs import replace

from pmrunnerd.model.evidence import Found, Lying
from pmrunnerd.model.gates import GateRun
from pmrunnerd.model.views import Complaint
from pmrunnerd.rules.evidence.check import check
from pmrunnerd.rules.evidence.placing import SECTION_LIMIT
from tests.unit.rules.evidence.parts import ACCOUNT, COMMIT, DIGEST, GOOD, OTHER, RECORD, found

CLIENT = "The first line of the help names the new verb."
STORE = "Half a line at the end of the journal is cut, and kept aside for whoever wants it."
TRIED = "A journal was cut at each of its bytes, and opened every time:"
UNTRIED = "Nobody tried it on a disk that is really full."


def complaints(text: str, record: GateRun | None = RECORD) -> list[Complaint]:
    return list(check(found(text), ACCOUNT, record).complaints)


def test_a_good_section_has_no_complaint_and_a_seal() -> None:
    checked = check(found(GOOD), ACCOUNT, RECORD)

    assert checked.complaints == ()
    assert len(checked.seal) == 64


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        (CLIENT, "", "client changed, and has no sentence of its own: a sentence has 5 words"),
        (CLIENT, "0" * 101, "client changed, and has no sentence"),
        (CLIENT, "Fixed a bug.", "client changed, and has no sentence"),
        (CLIENT, f"<!-- {CLIENT} -->", "client changed, and has no sentence"),
        (CLIENT, f"```\n{CLIENT}\n```", "client changed, and has no sentence"),
        (
            CLIENT,
            STORE,
            "client changed, and has no sentence of its own: daemon/store has the same",
        ),
        (
            CLIENT,
            STORE,
            "daemon/store changed, and has no sentence of its own: client has the same",
        ),
        (CLIENT, f"- {STORE.upper()}", "daemon/store has the same"),
        (
            STORE,
            "cut a TORN tail off -- before it is opened",
            "what is there is the subject of 4f2a91c00000",
        ),
        (
            STORE,
            "4f2a91c0: Cut a torn tail off, before it is opened.",
            "the subject of 4f2a91c00000",
        ),
        (
            STORE,
            "- Say it in the room's page.\n- Cut a torn tail off, before it is opened",
            "the subject of",
        ),
        (
            STORE,
            "What changed, and what somebody could notice; 2 files, +32 -4, most in daemon/store/journal.py",
            "what is there is the template's own",
        ),
        (
            STORE,
            "[TO COMPLETE daemon/store: what changed]",
            "the place daemon/store is still to be completed",
        ),
        (
            STORE,
            "[TO COMPLETE daemon/store: what changed there, and who noticed]",
            "daemon/store changed, and has no sentence of its own: its place is still to be completed",
        ),
        (CLIENT, f"{CLIENT} [to  complete]", "the place without a name is still to be completed"),
        (
            "#### client",
            "#### clients",
            "client changed (1 of its files), and nothing is said of it",
        ),
        (
            "#### client",
            "##### client",
            "client changed (1 of its files), and nothing is said of it",
        ),
        ("### What changed", "### What is new", "daemon/store changed (2 of its files)"),
        (TRIED, "Nothing.", "What was tried beyond the gates is not said: a sentence has 5 words"),
        (
            TRIED,
            "What was tried beyond the gates, on what, and what was seen; the command and its output where that is short",
            "is not said: what is there is the template's",
        ),
        (UNTRIED, "", "What was not tried is not said"),
        ("### What was not tried", "### Not tried", "it does not say what was not tried"),
        (f"{DIGEST} A torn tail is cut", DIGEST, "the section has no title"),
        (f"Commit `{COMMIT}`", "", "the section names no commit"),
        (COMMIT, "c" * 40, "it names commit cccccccccccc, whose content is not known to be this"),
        ("### Gates", "### Gate", "it has no gate table"),
        (
            "812",
            "912",
            "of gate unit the table says tests 912, 3 skipped, the records 812, 3 skipped",
        ),
    ],
)
def test_each_thing_that_is_wrong_is_told_with_what_mends_it(
    before: str, after: str, what: str
) -> None:
    assert before in GOOD
    wrong = complaints(GOOD.replace(before, after))

    assert any(what in one.what for one in wrong), wrong
    assert all(one.remedy for one in wrong)
    assert all(one.line for one in wrong)


def test_all_that_is_wrong_is_told_at_once_in_the_order_of_the_file() -> None:
    text = (
        GOOD.replace(CLIENT, "").replace(UNTRIED, "x").replace("812", "1").replace(COMMIT, "0" * 40)
    )
    wrong = complaints(f"## {OTHER} x\n{text}")

    assert len(wrong) == 5
    assert [one.line for one in wrong] == sorted(one.line for one in wrong)


def test_more_complaints_than_anybody_reads_are_counted() -> None:
    wrong = complaints(GOOD.replace(CLIENT, "[TO COMPLETE x] " * 500))

    assert len(wrong) == 101
    assert wrong[-1].what == "401 more things are wrong"


def test_of_a_section_that_is_too_large_nothing_more_is_looked_at() -> None:
    (one,) = complaints(GOOD.replace(CLIENT, "") + "x y\n" * (SECTION_LIMIT // 4))

    assert "256 KiB is the most" in one.what


def test_a_sentence_beside_a_commit_subject_is_enough() -> None:
    subject = "Cut a torn tail off, before it is opened!"

    assert complaints(GOOD.replace(STORE, f"{subject} {STORE}")) == []
    assert complaints(GOOD.replace(CLIENT, f"{STORE} {CLIENT}")) != []
    assert (
        complaints(
            GOOD.replace(CLIENT, f"{STORE}\n\n{CLIENT}").replace(
                STORE, f"{STORE} And one line of its own, too.", 2
            )
        )
        != []
    )


def test_what_was_said_of_other_content_is_said_of_this_anew() -> None:
    before = GOOD.replace(DIGEST, OTHER)
    wrong = complaints(GOOD.replace(CLIENT, CLIENT.lower()) + before)

    assert [one.what.partition(": ")[2] for one in wrong] == [
        f"what is there is that of client in the section of {OTHER[:12]}",
        f"what is there is that of daemon/store in the section of {OTHER[:12]}",
    ]


def test_an_area_that_did_not_change_may_be_spoken_of() -> None:
    assert complaints(GOOD.replace("#### client", "#### systemd\n\nNothing.\n\n#### client")) == []


def test_no_gate_run_is_a_complaint_and_so_is_one_of_other_content() -> None:
    (none,) = complaints(GOOD, None)
    (other,) = complaints(GOOD, replace(RECORD, source=OTHER))

    assert none.what == "no gate was run for this content"
    assert none.remedy == f"pmrunnerctl gate run --all --commit {COMMIT}"
    assert other.what == f"gate run g3 is of other content: {OTHER}"


def test_where_nobody_can_know_of_records_a_table_is_only_looked_at() -> None:
    good = check(found(GOOD.replace("812", "9")), ACCOUNT, None, compares=False)
    empty = check(found(GOOD.partition("| lint")[0]), ACCOUNT, None, compares=False)

    assert good.complaints == ()
    assert [one.what for one in empty.complaints] == ["the gate table has no gate"]


def test_a_file_that_cannot_be_read_has_no_seal() -> None:
    checked = check(Found(lying=Lying.LINK), ACCOUNT, RECORD)

    assert (checked.section, checked.seal) == (None, "")
    assert len(checked.complaints) == 1


_LONG: Final = {
    "spaces in a heading": "# " + " " * (1 << 18) + "x",
    "short comments": "<!---->" * (1 << 16),
    "open comments": "<!--" * (1 << 17),
    "sections": "\n".join(f"## {n:064x} x" for n in range(1 << 13)),
    "runs of backticks": "\n".join("`" * n for n in range(1, 600))
    + " "
    + " ".join("`" * n for n in range(600)),
    "marks": "[TO COMPLETE" * (1 << 14),
    "ends of sentences": "." * (1 << 18),
    "sentences": "a. " * (1 << 16),
    "cells": "|" * (1 << 18),
    "quotes": "> " * (1 << 18),
    "commits": "commit " * (1 << 16),
    "unseen": "\u202e" * (1 << 17),
}


@pytest.mark.parametrize("name", list(_LONG))
def test_what_is_made_to_take_long_does_not(name: str) -> None:
    hostile = _LONG[name]
    inside = hostile[: 48 << 10]

    assert all(one.remedy for one in complaints(GOOD.replace(CLIENT, inside)))
    assert all(one.remedy for one in complaints(f"{hostile}\n\n{GOOD}"))
