"""The adapter of Claude Code, from npm: an agent that nobody here wrote, and a scripted model.

Whoever has node and npm, and can reach a registry of npm, has it tried; the others are told that it was not.
"""

import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.progress import Asked, Charged, Concluded, Kept
from pmrunnerd.model.questions import ALLOW_TASK, Kind
from pmrunnerd.model.spec import Means
from pmrunnerd.services.process import PATH
from tests.fakes.model import Model, Step, scripted
from tests.integration.acp.parts import answers, heard_of
from tests.integration.claude.parts import KEY, question, uses
from tests.integration.runhost.hosts import Hosts, end, every
from tests.unit.services.parts import git, needs_sandbox

MAKE: Final = "echo che rry | tr -d ' ' > fruit.txt; cat fruit.txt"
ADAPTER: Final = "@agentclientprotocol/claude-agent-acp@0.101.0"

NODE: Final = shutil.which("node", path=PATH)
NPM: Final = shutil.which("npm", path=PATH)

# Seconds in which a registry has to say that it has it.
PATIENCE: Final = 180.0

# No other test needs Node or a registry, and a machine may well do without.
pytestmark = [needs_sandbox, pytest.mark.elsewhere]


def registry_lacks() -> str:
    """Say why nothing comes from the registry that npm is set up for; empty where something does."""
    assert NPM
    words = [NPM, "view", ADAPTER, "version", "--fetch-retries=0", "--prefer-online"]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        return f"the registry of npm did not answer within {PATIENCE:g} s"
    # One that answers and knows no such thing is no registry that is away.
    if done.returncode and "E404" not in done.stderr:
        return f"the registry of npm does not answer: {done.stderr.strip().splitlines()[0]}"
    return ""


@pytest.fixture(scope="module")
def adapter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Install it, and give the directory in which it is."""
    if not (NODE and NPM):
        pytest.skip("there is no node or no npm")
    if why := registry_lacks():
        pytest.skip(why)
    place = tmp_path_factory.mktemp("npm")
    subprocess.run(
        [NPM, "install", "--no-fund", "--no-audit", "--prefix", str(place), ADAPTER], check=True
    )
    yield place
    shutil.rmtree(place)


def means(adapter: Path, model: Model) -> Means:
    assert NODE
    package = adapter / "node_modules" / ADAPTER.rpartition("@")[0]
    return Means(
        cli=shlex.join([NODE, str(package / "dist/index.js")]),
        shown=str(adapter),
        environment={
            "ANTHROPIC_BASE_URL": model.url,
            "ANTHROPIC_API_KEY": KEY,
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        },
    )


def test_it_works_asks_and_goes_on_with_its_session(tmp_path: Path, adapter: Path) -> None:
    # What it asks a model for beside the work: a title of the session, what one might say next.
    asides = [
        Step(text="Fruit", anywhere="Write the title", repeats=True),
        Step(text="Thanks.", anywhere="Reply with ONLY the suggestion", repeats=True),
    ]
    steps = [
        uses("Bash", "I will look.", command=MAKE),
        uses("Bash", command=MAKE),
        uses("AskUserQuestion", questions=[question("How many?", "one", "two")]),
        Step(text="There are two of them.", anywhere="A person answers: two"),
        # It may make one more request before it leaves off; nobody hears what comes of that.
        Step(text="Then not.", last="Tool use aborted", repeats=True),
    ]
    steps[1].anywhere = "It is allowed; do it again now."
    steps[2].last = "cherry"
    with Hosts(tmp_path) as hosts, scripted(*asides, *steps) as model:
        told: dict[str, Any] = {"agent": "acp", "means": means(adapter, model)}
        first = hosts.start("count the fruit", **told)
        asked = hosts.over(first)
        known = answers(asked, first, ALLOW_TASK)
        second = hosts.start("count the fruit", **told, earlier=(first,), answers=known)
        again = hosts.over(second)
        known = heard_of(known, again) + answers(again, second, "two")
        (left,) = every(again, Kept)
        told |= {"earlier": (first, second), "answers": known, "resumes": left.ref}
        third = hosts.start("count the fruit", **told)
        said = hosts.over(third)

        (permission,), (form,) = every(asked, Asked), every(again, Asked)
        assert (permission.kind, form.kind) == (Kind.PERMISSION, Kind.AGENT)
        assert (form.text, form.options) == ("How many?", ("one", "two"))
        assert end(said).outcome is Outcome.SUCCEEDED, said
        assert every(said, Concluded)[0].text == "There are two of them."
        assert every(said, Charged)
        assert git(hosts.workspace, "show", "HEAD:fruit.txt") == "cherry\n"
