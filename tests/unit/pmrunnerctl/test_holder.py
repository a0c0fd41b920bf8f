import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pmrunnerctl import holder


@pytest.mark.parametrize("lock", [b"", b"{}", b"[1]", b"half a li"])
def test_a_lock_that_tells_nothing_is_nobodys(tmp_path: Path, lock: bytes) -> None:
    assert not holder.is_there(tmp_path)
    (tmp_path / "lock").write_bytes(lock)
    assert not holder.is_there(tmp_path)


def test_who_has_a_state_is_there_as_long_as_he_is_alive(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text(json.dumps({"pid": os.getpid()}))
    assert holder.is_there(tmp_path)
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    (tmp_path / "lock").write_text(json.dumps({"pid": ended.pid}))
    assert not holder.is_there(tmp_path)
