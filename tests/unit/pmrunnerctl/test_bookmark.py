from pmrunnerctl.bookmark import FIELD, Bookmark
from pmrunnerd.model import progress as pr
from pmrunnerd.model import protocol as p
from pmrunnerd.model import views as v
from tests.unit.pmrunnerctl import samples


def test_every_stream_has_its_field() -> None:
    # Half an archive is none: it begins anew.
    assert set(FIELD) | {p.StateBackup} == {row.request for row in p.COMMANDS if row.stream}
    for request, field in FIELD.items():
        assert hasattr(request, field)


def test_before_anything_came_a_stream_goes_on_where_it_was_to_begin() -> None:
    request = p.Events(since=7, follow=True)

    assert Bookmark(request).request() == request


def test_events_go_on_after_the_last_commit() -> None:
    bookmark = Bookmark(p.Events(since=7, follow=True))
    assert bookmark.passes(v.Happening(cursor=9, at="", facts=()))

    assert bookmark.request() == p.Events(since=9, follow=True)


def test_a_log_goes_on_at_the_byte_where_it_broke() -> None:
    bookmark = Bookmark(p.RunLogs(run="r1"))
    assert bookmark.passes(v.LogLine(cursor=345, progress=pr.Asked(at="", text="x")))

    assert bookmark.request() == p.RunLogs(run="r1", cursor=345)


def test_a_conversation_torn_within_a_commit_shows_each_entry_once() -> None:
    commit = [samples.entry(5, text="a"), samples.entry(5, text="b"), samples.entry(5, text="c")]
    bookmark = Bookmark(p.ChatFollow(project="demo", since=4))
    shown = [entry for entry in commit[:2] if bookmark.passes(entry)]

    assert bookmark.request() == p.ChatFollow(project="demo", since=4)
    shown += [entry for entry in [*commit, samples.entry(6)] if bookmark.passes(entry)]

    assert [entry.text for entry in shown] == ["a", "b", "c", "text 6"]


def test_a_conversation_torn_twice_in_one_commit_shows_each_entry_once() -> None:
    commit = [samples.entry(5, text=text) for text in "abcd"]
    bookmark = Bookmark(p.ChatFollow(project="demo", since=4))
    shown = []
    for torn_after in (2, 3, 4):
        bookmark.request()
        shown += [entry.text for entry in commit[:torn_after] if bookmark.passes(entry)]

    assert shown == ["a", "b", "c", "d"]


def test_the_daemon_says_where_a_stream_stood_from_which_nothing_came() -> None:
    bookmark = Bookmark(p.ChatFollow(project="demo"))
    bookmark.at_least(12)

    assert bookmark.request() == p.ChatFollow(project="demo", since=12)


def test_a_cursor_that_was_read_says_of_which_lineage_it_is() -> None:
    bookmark = Bookmark(p.Events(since=7, follow=True))
    # One that was typed is of no lineage.
    assert bookmark.request("a") == p.Events(since=7, follow=True)
    assert bookmark.request("a") == p.Events(since=7, follow=True, lineage="a")
    assert bookmark.request("b") == p.Events(since=7, follow=True, lineage="a")

    assert bookmark.restored(5) == "going on from commit 5"
    assert bookmark.request("b") == p.Events(since=5, follow=True, lineage="b")
    assert bookmark.request() == p.Events(since=5, follow=True), "an old daemon would refuse it"


def test_where_it_begins_is_of_the_lineage_of_whoever_said_where() -> None:
    assert Bookmark(p.Events(since=7), "a").request("b") == p.Events(since=7, lineage="a")


def test_what_was_seen_of_a_commit_that_was_restored_too_is_not_shown_again() -> None:
    commit = [samples.entry(5, text="a"), samples.entry(5, text="b")]
    bookmark = Bookmark(p.ChatFollow(project="demo", since=4), "a")
    bookmark.request("a")
    assert bookmark.passes(commit[0])

    assert bookmark.request("b") == p.ChatFollow(project="demo", since=5, lineage="a")
    bookmark.restored(5)
    assert bookmark.request("b") == p.ChatFollow(project="demo", since=4, lineage="b")
    assert [bookmark.passes(entry) for entry in commit] == [False, True]


def test_what_was_seen_of_a_commit_that_was_not_restored_is_not_left_out_of_the_new_one() -> None:
    bookmark = Bookmark(p.ChatFollow(project="demo", since=4), "a")
    bookmark.request("a")
    bookmark.passes(samples.entry(5, text="old"))
    bookmark.request("b")
    bookmark.restored(4)

    assert bookmark.request("b") == p.ChatFollow(project="demo", since=4, lineage="b")
    assert bookmark.passes(samples.entry(5, text="new"))


def test_a_log_goes_on_at_its_byte_whatever_was_restored() -> None:
    bookmark = Bookmark(p.RunLogs(run="r1", cursor=345), "a")
    bookmark.request("b")

    assert bookmark.restored(345) == "going on from byte 345"
