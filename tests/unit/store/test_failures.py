from pathlib import Path

from pmrunnerd.model.errors import Unavailable
from pmrunnerd.store.failures import JournalDamaged, StoreFailed, damaged


def test_damage_names_file_and_line_and_what_to_type_next() -> None:
    error = damaged(Path("/state/journal/00000001.jsonl"), 7, "does not match its checksum")

    assert isinstance(error, JournalDamaged)
    assert str(error) == (
        "cannot read /state/journal/00000001.jsonl: line 7 does not match its checksum"
    )
    assert error.hint == ("pmrunnerctl state verify   then: state repair, or state restore ARCHIVE")


def test_damage_is_not_worth_a_retry_and_a_failed_store_is() -> None:
    assert not JournalDamaged.retryable
    assert StoreFailed.retryable
    assert issubclass(StoreFailed, Unavailable)
