"""A workspace's commits, for whoever may not open the workspace: the one way to them.

What is wanted is brought by an errand, and proved here by the id of the commit.
"""

from collections.abc import Callable
from io import BufferedReader
from pathlib import Path
from typing import Final, TypeVar

from msgspec import Struct

from pmrunnerd.model import errand as e
from pmrunnerd.model.errors import Refused
from pmrunnerd.model.source import BOUNDS, Bounds, Changed, Extracted, Subject, Wanted
from pmrunnerd.rules.source.trees import ID
from pmrunnerd.services.errands import Cargo, Errands
from pmrunnerd.services.source import differences, evidence, unpacking

T = TypeVar("T")
_NOTHING: Final = "cannot use what was brought: nothing was"


class Repository(Struct, frozen=True, kw_only=True):
    """The commits of one workspace. `room` is a directory of ours for what is brought meanwhile."""

    errands: Errands
    workspace: Path
    room: Path
    hidden: tuple[Path, ...] = ()
    unconfined: bool = False
    bounds: Bounds = BOUNDS

    async def resolve(self, name: str) -> str:
        """Return the full id of the commit that a branch, a tag or the beginning of an id stands for.

        A branch is whatever the workspace says that it is. Raises PmError, OSError.
        """
        found = await self.errands.do(
            e.Resolve(
                workspace=str(self.workspace),
                name=name,
                hidden=tuple(map(str, self.hidden)),
                unconfined=self.unconfined,
            )
        )
        if not ID.fullmatch(found.commit):
            raise Refused(f"cannot use what {name} stands for: {found.commit[:80]!r}")
        return found.commit

    async def evidence(self, commit: str) -> str:
        """Return the text of EVIDENCE.md as a commit has it. Raises PmError, OSError."""
        return await self.bring(
            Wanted.EVIDENCE, commit, lambda file: evidence.read(file, commit, self.bounds)
        )

    async def changed(self, base: str, commit: str) -> tuple[Changed, ...]:
        """Return which paths are others in two commits. Raises PmError, OSError."""
        return await self.bring(
            Wanted.CHANGES,
            commit,
            lambda file: differences.changed(file, base, commit, self.bounds),
            base=base,
        )

    async def subjects(self, base: str, commit: str) -> tuple[Subject, ...]:
        """Return what led from one commit to another, the latest first. Raises PmError, OSError."""
        return await self.bring(
            Wanted.SUBJECTS,
            commit,
            lambda file: differences.subjects(file, commit, self.bounds),
            base=base,
        )

    async def bring(
        self, wanted: Wanted, commit: str, use: Callable[[BufferedReader], T], *, base: str = ""
    ) -> T:
        """Have something brought, and return what `use` makes of it. Raises PmError, OSError."""
        for id in (commit, base or commit):
            if not ID.fullmatch(id):
                raise Refused(f"cannot read commit {id!r}: that is no full id of one")
        found: list[T] = []
        await self.errands.do(
            e.Bring(
                workspace=str(self.workspace),
                wanted=wanted,
                commit=commit,
                base=base,
                hidden=tuple(map(str, self.hidden)),
                unconfined=self.unconfined,
            ),
            cargo=Cargo(beside=self.room, take=lambda file: found.append(use(file))),
        )
        if not found:
            raise Refused(_NOTHING)
        return found[0]


async def extract(repository: Repository, commit: str, into: Path) -> Extracted:
    """Make the directory `into` of a commit: what is gated, built and hashed, and nothing else is.

    Whole or not at all. Raises PmError, OSError.
    """
    return await repository.bring(
        Wanted.TREE,
        commit,
        lambda file: unpacking.unpack(file, commit, into, repository.bounds),
    )
