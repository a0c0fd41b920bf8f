import msgspec

from pmrunnerd.model.accounts import Account


def test_of_an_account_that_nothing_is_known_of_only_the_name_is_written() -> None:
    written = msgspec.json.encode(Account(id="claude"))

    assert written == b'{"id":"claude"}'
    assert msgspec.json.decode(written, type=Account) == Account(id="claude")
