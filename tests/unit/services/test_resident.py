from pmrunnerd.services.resident import resident


def test_what_is_taken_and_used_is_resident() -> None:
    before = resident()
    taken = bytearray(b"x") * (64 << 20)

    assert resident() - before > 48 << 20
    assert len(taken) == 64 << 20
