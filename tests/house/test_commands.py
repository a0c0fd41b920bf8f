import pytest

from tests.house.commands import unaddressed
from tests.house.conftest import Plant
from tests.house.tree import ROOT, must_hold

# Each of these parses the whole house, and a worker does it once.
pytestmark = pytest.mark.xdist_group("house")

VERB = "@verb('task show', what='pmrunnerctl task list')\ndef show(): 'pmrunnerctl task show t1'\n"


def test_every_command_that_the_client_shows_means_the_daemon_that_was_asked() -> None:
    must_hold(unaddressed(ROOT))


@pytest.mark.parametrize(
    "line",
    [
        "screen.line(f'log: pmrunnerctl task show {task}')",
        "return ['pmrunnerctl task list']",
        "rows = ('waiting', 'one for you: pmrunnerctl task list')",
        "say('pmrunnerctl --env dev task list')",
        "lines = f'''or:\npmrunnerctl task show {task}'''",
    ],
)
def test_a_command_that_is_shown_as_it_stands_is_found(plant: Plant, line: str) -> None:
    root = plant({"pmrunnerctl/task.py": VERB + line})

    (found,) = unaddressed(root)
    assert found.startswith("pmrunnerctl/task.py:3: shows a command unaddressed: ")


@pytest.mark.parametrize(
    "line",
    [
        "screen.line(screen.addressed(f'log: pmrunnerctl task show {task}'))",
        "session.out.next('pmrunnerctl task list')",
        "raise Cannot('cannot', hint='pmrunnerctl task list')",
        "hint = 'pmrunnerctl task list' if older else said",
        "path == 'pmrunnerctl task'",
        "write('In full: pmrunnerctl task show -h')",
        "write('a bug in pmrunnerctl or pmrunnerd')",
    ],
)
def test_what_is_addressed_or_no_command_is_not(plant: Plant, line: str) -> None:
    assert unaddressed(plant({"pmrunnerctl/task.py": VERB + line})) == []
