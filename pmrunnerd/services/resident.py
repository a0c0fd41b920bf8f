"""How much memory this process takes."""

import os


def resident() -> int:
    """Return the bytes of ours that are resident."""
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - no path but the kernel
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
