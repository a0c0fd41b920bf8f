import re

from pmrunnerd.model.catalog import MESSAGE_IDS


def test_each_identifier_is_one_of_the_journal_and_stands_for_one_kind_of_event() -> None:
    assert all(re.fullmatch("[0-9a-f]{32}", found) for found in MESSAGE_IDS.values())
    assert len(set(MESSAGE_IDS.values())) == len(MESSAGE_IDS)
