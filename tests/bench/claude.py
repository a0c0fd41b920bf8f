"""How long until Claude Code asks its model for the first time, beside the bare CLI; and the SDK's import."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import claude_agent_sdk

from tests.bench.bench import Bench
from tests.bench.figures import Figure, Sample, Target
from tests.fakes.model import Model
from tests.integration.claude.parts import Claudes, result
from tests.integration.runhost.hosts import Hosts

_CLI: Final = Path(claude_agent_sdk.__file__).parent / "_bundled" / "claude"
_IMPORT: Final = (
    "from pmrunnerd.services.agents.claude.lean import without_mcp; without_mcp();"
    " import claude_agent_sdk"
)
_BARE: Final = ("-p", "do it", "--output-format", "stream-json", "--verbose")


def measure(bench: Bench) -> Iterator[Figure]:
    times = bench.times(9, 2)
    directory = bench.fresh("claude")
    answer = result()
    answer.repeats = True
    model = Model([answer])
    model.start()
    try:
        with Hosts(directory) as hosts:
            started = [_started(model, lambda: _run(hosts, model)) for _ in range(times)]
        bare = [_started(model, lambda: _bare(model, directory)) for _ in range(times)]
    finally:
        model.stop()
    yield Figure(
        name="start to first model request",
        case="run host, SDK, CLI in its cell",
        unit="s",
        ours=Sample.of(started),
        limit=Sample.of(bare),
        against="the bare CLI, without a sandbox",
        # What a sealed unit took that started the SDK in a run host (1.29 s).
        target=Target("median", 1.29),
    )
    yield Figure(
        name="import of the SDK",
        case="in a run host's interpreter",
        unit="s",
        ours=Sample.of([_imports(_IMPORT) for _ in range(times)]),
        limit=Sample.of([_imports("pass") for _ in range(times)]),
        against="an interpreter that imports nothing",
    )


def _started(model: Model, start: Callable[[], Callable[[], object]]) -> float:
    """Return the seconds from a start to the first request; what `start` returns ends it."""
    before, began = len(model.requests), time.perf_counter()
    end = start()
    model.wait(before + 1)
    took = time.perf_counter() - began
    end()
    return took


def _run(hosts: Hosts, model: Model) -> Callable[[], object]:
    run = Claudes(hosts, model).start()
    return lambda: hosts.over(run)


def _bare(model: Model, home: Path) -> Callable[[], object]:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "ANTHROPIC_BASE_URL": model.url,
        "ANTHROPIC_API_KEY": "sk-ant-none",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
    }
    cli = subprocess.Popen(
        [_CLI, *_BARE],
        cwd=home,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def end() -> None:
        cli.kill()
        cli.wait()

    return end


def _imports(program: str) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", program], check=True)
    return time.perf_counter() - began
