"""From nothing to a test host whose systemd says that it is up, and to one that was booted again."""

import time
from collections.abc import Iterator
from typing import Final

from tests.bench.bench import Bench
from tests.bench.figures import Figure, Sample, Target, ratios
from tests.system.host import Booted, Host
from tests.system.hosts import lacks

UP: Final = Target("median", 3000)


def measure(bench: Bench) -> Iterator[Figure]:
    """Boot hosts. Yields nothing where a machine cannot have one."""
    if reason := lacks():
        bench.note(f"host: {reason}")
        return
    ours: dict[str, list[float]] = {"made and booted": [], "booted again": []}
    own: dict[str, list[float]] = {case: [] for case in ours}
    for _ in range(bench.times(9, 3)):
        began = time.perf_counter()
        with Booted() as host:
            for case, taken in ours.items():
                taken.append((time.perf_counter() - began) * 1e3)
                own[case].append(_of_systemd(host))
                if case == "made and booted":
                    began = time.perf_counter()
                    host.cut_power()
    for case, taken in ours.items():
        yield Figure(
            name="test host up",
            case=case,
            unit="ms",
            ours=Sample.of(taken),
            limit=Sample.of(own[case]),
            against="what its systemd took",
            ratios=ratios(taken, own[case]),
            target=UP,
        )


def _of_systemd(host: Host) -> float:
    """Return the milliseconds from its first moment to the end of its boot, as it says itself."""
    asked = (f"--property={name}TimestampMonotonic" for name in ("Userspace", "Finish"))
    said = host.run("systemctl", "show", "--value", *asked)
    first, last = map(int, said.stdout.split())
    return (last - first) / 1e3
