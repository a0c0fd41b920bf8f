from pmrunnerd.rules.source import pointers

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize 12345\n" % (b"4d" * 32)


def test_a_pointer_of_lfs_is_one_with_extensions_too_and_as_it_was_once_called() -> None:
    assert pointers.is_pointer(POINTER)
    assert pointers.is_pointer(POINTER.replace(b"oid", b"ext-0-foo sha256:12\noid"))
    assert pointers.is_pointer(POINTER.replace(b"git-lfs", b"hawser"))


def test_what_only_tells_of_pointers_is_none() -> None:
    assert not pointers.is_pointer(b"")
    assert not pointers.is_pointer(b"# " + POINTER)
    assert not pointers.is_pointer(POINTER.replace(b"oid", b"old"))
    assert not pointers.is_pointer(POINTER + b"x" * 1024)
