import msgspec

from pmrunnerd.model.evidence import Account, Area, Found, Lying, Made


def test_the_commit_of_a_content_is_that_after_which_only_evidence_was_written() -> None:
    account = Account(source="s", commits=("third", "second", "first"))

    assert account.commit == "first"


def test_what_is_known_of_a_content_comes_back_as_it_was_sent() -> None:
    area = Area(name="a", files=1, added=2, removed=3, most="a/x")
    account = Account(
        source="s", commits=("c",), made=(Made(commit="c", subject="x"),), changed=(area,)
    )
    found = Found(lying=Lying.FILE, data=b"\xff\0", size=2)

    for one in (account, found):
        assert msgspec.json.decode(msgspec.json.encode(one), type=type(one)) == one
