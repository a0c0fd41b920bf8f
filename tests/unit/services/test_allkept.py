import asyncio
import time
from pathlib import Path

from pmrunnerd.services import allkept, subkeeping, substatus
from pmrunnerd.services.keeping import Keeping, put_away
from pmrunnerd.services.marker import Marker
from pmrunnerd.services.obstacles import place
from tests.unit.services.parts import RUN, git, hands, head, repository

REF = f"refs/pm-runner/runs/{RUN}"


def _workspace(root: Path) -> tuple[Path, Marker]:
    here, library = repository(root / "w"), repository(root / "library")
    allow = ("-c", "protocol.file.allow=always")
    git(here, *allow, "submodule", "add", "--quiet", str(library), "library")
    git(here, "commit", "--quiet", "--message=add")
    found = subkeeping.found(hands(here), asyncio.run(substatus.look(hands(here))))
    since = time.time() - 1
    return here, Marker(run=RUN, head=head(here), branch="main", since=since, submodules=found)


def _beside(here: Path, began: Marker) -> tuple[str, ...]:
    return asyncio.run(allkept.beside(hands(here), began, REF))


def test_a_submodule_that_is_broken_names_nothing_and_keeps_no_other_from_it(
    tmp_path: Path,
) -> None:
    here, began = _workspace(tmp_path)
    for place_ in (here, here / "library"):
        git(place_, "update-ref", f"{REF}-2", "HEAD")
    (here / ".git/modules/library/HEAD").unlink()

    assert _beside(here, began) == (f"{REF}-2",)


def test_what_only_rules_of_the_run_s_own_ignored_in_a_submodule_is_named(tmp_path: Path) -> None:
    here, began = _workspace(tmp_path)
    (here / "library/.gitignore").write_text("ignored/\n*.cache\n")
    (here / "library/new.cache").write_text("worth something\n")
    kept = asyncio.run(put_away(hands(here), began, place(RUN)))

    also = (f"{REF} in library", f"{REF}-2 in library")
    assert kept == Keeping(ref=REF, files=1, also=also)
    assert git(here / "library", "show", f"{REF}-2:new.cache") == "worth something\n"


def test_the_one_of_a_submodule_that_the_workspace_s_own_names_is_not_named_twice(
    tmp_path: Path,
) -> None:
    here, began = _workspace(tmp_path)
    (here / "library/new").touch()
    assert asyncio.run(put_away(hands(here), began, place(RUN))) == Keeping(ref=REF, files=1)
