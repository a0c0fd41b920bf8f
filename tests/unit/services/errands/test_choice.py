import os
import subprocess
import sys
from pathlib import Path

from pmrunnerd.services.errands.choice import choose
from pmrunnerd.services.errands.here import Here
from pmrunnerd.services.errands.units import Units
from pmrunnerd.services.host.detached import Detached
from pmrunnerd.services.host.units import Units as UnitHost

# In a process of its own: what was imported once stays.
SEALED = """
import sys
from pathlib import Path
import pmrunnerd.house, pmrunnerd.main
from pmrunnerd.services.errands.choice import choose
from pmrunnerd.services.host.units import Units
choose(Units("prod", Path("/nowhere")), Path("/nowhere"))
told = "sandbox cells confined unconfined workspace aftermath savedrefs trial fitness doctor"
print(*sorted(set(told.split()) & {name.split(".")[2] for name in sys.modules if name.startswith("pmrunnerd.services.")}))
"""


def test_who_holds_runs_itself_does_errands_itself(tmp_path: Path) -> None:
    assert isinstance(choose(Detached(tmp_path), tmp_path), Here)


def test_where_units_hold_runs_units_do_errands(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        assert isinstance(choose(UnitHost("prod", tmp_path), tmp_path), Units)
    finally:
        os.umask(before)


def test_a_sealed_daemon_has_nothing_in_it_that_starts_a_sandbox_in_which_alone_git_runs() -> None:
    known = subprocess.run(
        [sys.executable, "-c", SEALED], capture_output=True, text=True, check=True
    ).stdout.split()

    assert known == []
