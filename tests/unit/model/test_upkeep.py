import msgspec

from pmrunnerd.model.upkeep import Archived, PruneTable, Verified


def test_a_manifest_of_a_newer_release_can_be_read_by_this_one() -> None:
    text = b'{"format":1,"release":"9","at":"","bytes":0,"members":[],"excluded":[],"mood":"fine"}'

    assert msgspec.json.decode(text, type=Archived).release == "9"


def test_what_was_verified_is_spelled_in_full_for_scripts() -> None:
    found = Verified(sound=True, commits=0, segments=0, bytes=0, torn=0, findings=())

    assert msgspec.json.decode(msgspec.json.encode(found)) == {
        "sound": True,
        "commits": 0,
        "segments": 0,
        "bytes": 0,
        "torn": 0,
        "findings": [],
        "caches": [],
        "retracted": False,
    }


def test_what_an_older_daemon_does_not_say_of_what_is_left_is_nothing() -> None:
    said = b'{"runs": [], "freed": 0, "kept": 7, "limit": 9}'
    assert msgspec.json.decode(said, type=PruneTable).left == ()
