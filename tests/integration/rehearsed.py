"""A root with a release that runs, candidates with faults beside it, and a state with something of everything."""

import asyncio
import json
import shutil
import subprocess
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import Final

import msgspec

from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.naming import Mint
from pmrunnerd.model.progress import Asked, Finished
from pmrunnerd.rules.outcomes import Circumstances, Seen, ended
from pmrunnerd.rules.planning import Proposal, Step, draft
from pmrunnerd.services.promotion.rehearsal import rehearse
from pmrunnerd.services.releases.shelf import Shelf
from pmrunnerd.store.store import Store
from tests.house.tree import ROOT

# What a daemon imports on its way to its first answers.
NEEDED: Final = (
    *("anyio", "click", "h11", "idna", "msgspec", "sdnotify"),
    *("starlette", "typing_extensions.py", "uvicorn", "watchdog"),
)
OLD: Final = "0.1.0-00000000000a"
SOABI: Final = EXTENSION_SUFFIXES[0].strip(".").removesuffix(".so")
AT: Final = "2026-01-02T03:04:05.000Z"


def facts_of(release: Path, **other: object) -> None:
    """Write down what a release has, as its builder does."""
    files = [path for path in (release / "lib").rglob("*") if not path.is_dir()]
    facts = {
        "id": release.name,
        "soabi": SOABI,
        "python": "3",
        "tree": "",
        "files": len(files),
        "bytes": sum(path.stat().st_size for path in files),
    }
    (release / "release.json").write_text(json.dumps(facts | other))


class Stage:
    """Environment prod of a root, of which a copy is rehearsed on."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.home = root / "opt/pm-runner/prod"
        self.state = root / "var/lib/pm-runner/state/prod"
        self.place = root / "var/lib/pm-runner/promote/prod/p1"
        self._count = 10

    def build(self) -> None:
        """Make the release that runs, of this checkout, and a state."""
        lib = self.home / "releases" / OLD / "lib"
        lib.mkdir(parents=True)
        # Of a gate they lie elsewhere than in its environment.
        site = Path(msgspec.__file__).parents[1]
        shutil.copytree(ROOT / "pmrunnerd", lib / "pmrunnerd")
        for name in NEEDED:
            if (site / name).is_dir():
                shutil.copytree(site / name, lib / name)
            else:
                shutil.copy2(site / name, lib / name)
        facts_of(lib.parent)
        (self.home / "dist").symlink_to(f"releases/{OLD}")
        self.place.mkdir(parents=True)
        self.state.mkdir(parents=True)
        self.remember()

    def remember(self) -> None:
        """Have a task that waits for an answer, one that runs, and a message that nobody has planned."""
        store = Store(self.state, lambda: AT, release=OLD)
        try:
            for project in ("w1", "w2"):
                alias = f"cake-{project}"
                store.commit(ev.ProjectAdded(project=project, alias=alias, path=f"/srv/{project}"))
                self._begin(store, project)
            run = store.ahead.runs["r1-4f2a"]
            asked = Seen(cursor=9, asked=[Asked(at="", text="Which?", options=("a", "b"))])
            over = Finished(at="", outcome=Outcome.ASKED)
            store.commit(*ended(store.ahead, run, over, asked, Circumstances(patience=2)))
            store.commit(ev.MessagePosted(message="m3", project="w1", text="and tea", by="anna"))
            store.flush()
        finally:
            store.close()

    def _begin(self, store: Store, project: str) -> None:
        mint = Mint(store.ahead.minted)
        message, task, run = mint("m"), mint("t"), mint("r", "4f2a")
        store.commit(ev.MessagePosted(message=message, project=project, text="a cake", by="anna"))
        proposal = Proposal(title="a cake", steps=(Step(name="one", text="bake"),))
        known = store.ahead
        store.commit(
            *draft(known.projects[project], known.messages[message], proposal, Mint(known.minted))
        )
        begun = ev.RunStarted(run=run, task=task, project=project, agent="shell", attempt=1)
        store.commit(begun)

    def candidate(self, module: str = "", text: str = "", instead_of: str = "") -> str:
        """Make a release like the one that runs, with a text in one module, at its beginning or in place of another."""
        self._count += 1
        name = f"0.2.0-{self._count:012x}"
        release = self.home / "releases" / name
        subprocess.run(["cp", "-al", self.home / "releases" / OLD, release], check=True)
        if module:
            path = release / "lib" / module
            before = path.read_text()
            assert instead_of in before
            path.unlink()
            path.write_text(before.replace(instead_of, text, 1) if instead_of else text + before)
            for made in path.parent.glob(f"__pycache__/{path.stem}.*"):
                made.unlink()
        (release / "release.json").unlink()
        facts_of(release)
        return name

    def rehearse(self, candidate: str, **limits: float) -> tuple[str, ...]:
        """Return what is said of it."""
        shelf = Shelf(self.root, "prod")
        return asyncio.run(
            rehearse(shelf, "prod", candidate, self.state, self.place, **limits)  # type: ignore[arg-type]
        )
