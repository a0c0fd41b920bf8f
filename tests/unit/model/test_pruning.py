import msgspec

from pmrunnerd.model.pruning import PruneTable


def test_what_an_older_daemon_does_not_say_of_what_is_left_is_nothing() -> None:
    said = b'{"runs": [], "freed": 0, "kept": 7, "limit": 9}'
    assert msgspec.json.decode(said, type=PruneTable).left == ()
