import msgspec

from pmrunnerd.model.upkeep import Archived, Verified


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
