import mmap

from pmrunnerd.services.resident import resident

SIZE = 64 << 20


def test_what_is_taken_and_used_is_resident() -> None:
    # Pages of its own: what the interpreter has given back to itself would be there already.
    with mmap.mmap(-1, SIZE) as taken:
        before = resident()
        taken.write(bytes(1) * SIZE)
        assert resident() - before > SIZE // 2
