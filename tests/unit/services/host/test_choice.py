import os
from pathlib import Path

from pmrunnerd.options import HOSTS
from pmrunnerd.services.host import choice


def test_each_kind_of_the_command_line_is_one_and_the_first_needs_no_manager(
    tmp_path: Path,
) -> None:
    before = os.umask(0o077)
    try:
        chosen = [choice.choose(kind, "test", tmp_path) for kind in HOSTS]
    finally:
        os.umask(before)

    assert [host.name for host in chosen] == list(HOSTS) == list(choice.KINDS)
    assert [host.shared for host in chosen] == [False, True]
