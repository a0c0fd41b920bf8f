"""Has what is built of a source where gates are given it: the tree of a release, by its digest.

What gates judge is what will run: nothing is built again after them. What looks into releases is imported
where it is needed (PLC0415): a daemon starts without.
"""

import asyncio
import shlex
import shutil
from pathlib import Path
from typing import Final

from pmrunnerd.model.entities import Project, ProjectType
from pmrunnerd.model.errors import PmError, Refused
from pmrunnerd.services.gates import arriving
from pmrunnerd.services.gates.place import GatePlace
from pmrunnerd.services.releases.shelf import Shelf

# Of a source that has it, a release can be built.
_LOCK: Final = Path("packaging/requirements-release.lock")


class Builds:
    """Finds releases of an environment on its `shelf`, and has their trees lie in a `place` of gates."""

    def __init__(self, shelf: Shelf, place: GatePlace) -> None:
        self._shelf = shelf
        self._place = place

    async def tree(self, project: Project, source: str) -> str:
        """See to it that what is built of a source is there; return its digest, or nothing where nothing is.

        Of the runner itself a release is built where there is none. Raises PmError, OSError.
        """
        if self._is_ours(project, source) and not await asyncio.to_thread(self._find, source):
            await self._build(source)
        found = await asyncio.to_thread(self._find, source)
        if not found:
            return ""
        name, digest = found
        await asyncio.to_thread(self._give, name, digest, project.id)
        return digest

    def _is_ours(self, project: Project, source: str) -> bool:
        lock = self._place.tree(source) / _LOCK
        return project.project_type is ProjectType.RUNNER_DEV and lock.is_file()

    def _find(self, source: str) -> tuple[str, str] | None:
        """Return the latest release of a source that this Python can run, and the digest of its tree."""
        from pmrunnerd.services.releases import keeping  # noqa: PLC0415

        found = keeping.of_source(self._shelf, source)
        return None if found is None else (found.id, found.tree)

    async def _build(self, source: str) -> None:
        from pmrunnerd.services.releases import making  # noqa: PLC0415

        try:
            if not making.has(self._shelf, source):
                await asyncio.to_thread(making.bring, self._shelf, self._place.tree(source), source)
            await making.make("build", self._shelf, source)
            if not self._place.shared:  # what root took is root's
                await asyncio.to_thread(making.drop, self._shelf, source)
        except PmError as exc:
            env, root = self._shelf.environment, self._shelf.root
            below = "" if root == Path("/") else f" --root {shlex.quote(str(root))}"
            hint = f"pmrunnerctl --env {env} release build --fetch {source}{below}"
            if (exc.hint or "").startswith("journalctl "):  # a unit says elsewhere what is wrong
                hint = f"{exc.hint}\n{hint}"
            raise Refused(f"cannot gate what cannot be built: {exc}", hint=hint) from exc

    def _give(self, name: str, digest: str, project: str) -> None:
        trees = self._place.tree("")
        # Each project has one gate run in hand, and two of them may be of one source.
        new = arriving.fresh(trees, f"built-{project}-{digest}")
        shutil.copytree(self._shelf.path(name) / "lib", new)
        if _measured(new) != digest:
            raise Refused(
                f"cannot give gates release {name}: it is not what was built",
                hint=f"pmrunnerctl prove {name}",
            )
        arriving.keep(trees, new, digest, _measured)


def _measured(top: Path) -> str:
    from pmrunnerd.rules.proof import manifest  # noqa: PLC0415
    from pmrunnerd.services.releases import tree  # noqa: PLC0415

    return manifest.digest(manifest.write(tree.look(top)))
