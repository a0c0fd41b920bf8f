"""Whether somebody has a state directory: without asking him, who may not answer yet, or any more."""

from pathlib import Path

import msgspec

from pmrunnerctl.wire import process_state


class _Holder(msgspec.Struct):
    pid: int


def is_there(state: Path) -> bool:
    """Tell whether the process that took a state directory last is alive."""
    try:
        pid = msgspec.json.decode((state / "lock").read_bytes(), type=_Holder).pid
    except (OSError, msgspec.MsgspecError):
        return False
    return process_state(pid) not in {"", "Z"}
