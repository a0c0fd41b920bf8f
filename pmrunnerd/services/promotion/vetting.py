"""Root looks at all of what it is asked itself, and writes down what is to be signed."""

from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import Final

from pmrunnerd.model import proof
from pmrunnerd.model.errors import PmError, Refused
from pmrunnerd.model.promotion import Deed, Order
from pmrunnerd.model.proof import Holding, Link
from pmrunnerd.model.statement import Builder
from pmrunnerd.rules.gates import weaker
from pmrunnerd.rules.promotion import vetting
from pmrunnerd.rules.promotion.vetting import Here
from pmrunnerd.rules.proof import canonical, chain
from pmrunnerd.rules.proof.claims import BadRecord, read
from pmrunnerd.rules.proof.drafting import Grounds, draft
from pmrunnerd.rules.proof.found import Found, Papers
from pmrunnerd.services.promotion import level, trials, witness
from pmrunnerd.services.promotion.records import Record, Records
from pmrunnerd.services.releases import inspection, keeping, papers
from pmrunnerd.services.releases.gated import gates_of
from pmrunnerd.services.releases.shelf import Shelf
from pmrunnerd.services.releases.tree import Known
from pmrunnerd.store.durable import Disk

# As the launcher has it.
SOABI: Final = EXTENSION_SUFFIXES[0].strip(".").removesuffix(".so")
STATES: Final = "var/lib/pm-runner/state"
_READABLE: Final = 0o644
# What has to hold of one that was proved before, or that nothing depends on: its bytes, and whose they are.
_ITSELF: Final = frozenset({"tree", "owner"})
_HINTS: Final = {
    Deed.PROMOTE: "pmrunnerctl promote --dry-run   # says what is missing, and what helps",
    Deed.UPGRADE: "sudo /usr/lib/pm-runner/release-zero   # builds the release of the package",
    Deed.ROLLBACK: "pmrunnerctl release list",
    Deed.TRY: "pmrunnerctl release list",
}


class Vetting:
    """Looks at releases of an environment, for one order after another."""

    def __init__(self, shelf: Shelf, records: Records, known: Known | None = None) -> None:
        """`known` is what is known of files by now."""
        self._shelf, self._records = shelf, records
        self._known = known

    @property
    def state(self) -> Path:
        """Where the state of the environment is."""
        place = self._shelf.root / STATES / self._shelf.environment
        # Without a service manager it lies where its owner wants it, and a link of theirs says where.
        return place if self._shelf.root == Path("/") else place.resolve()

    def _papers(self, order: Order, found: Found) -> Papers:
        """Return what is to be signed for a release. Raises Refused, PmError, OSError."""
        if found.facts is None or not isinstance(found.papers.release, bytes):
            raise _refused(order, ["its release.json cannot be read"])
        made = keeping.made(self._shelf.path(order.release))
        grounds = Grounds(
            environment=order.environment,
            commit=order.commit,
            git_tree=order.git_tree,
            record=order.record,
            section=order.section,
            approved_by=order.approved_by,
            approved_at=order.approved_at,
            builder=Builder(name=made.by, at=made.at),
            weaker=order.weaker,
            weaker_by=order.weaker_by,
            unconfined=order.unconfined,
        )
        try:
            statement = draft(found.facts, found.papers.release, grounds)
        except BadRecord as exc:
            raise _refused(order, [str(exc)]) from exc
        return Papers(
            statement=canonical.encode(statement), evidence=order.section, gates=order.record
        )

    def must_hold(self, order: Order) -> None:
        """Look at all of it. Raises Refused with every reason, PmError, OSError."""
        found = inspection.here(self._shelf, order.release, used=False, known=self._known)
        reasons = vetting.unmet(order, self._here(order, found))
        if order.deed is Deed.PROMOTE:
            reasons += _said(inspection.unmet(found, self._papers(order, found)))
            reasons += self._gates(order)
        else:
            links = [link for link in chain.links(found) if link.name in _ITSELF]
            reasons += _said([link for link in links if link.holding is not Holding.HOLDS])
        if reasons:
            raise _refused(order, reasons)

    def _here(self, order: Order, found: Found) -> Here:
        trial = trials.read(self._shelf.root, order.environment)
        previous = self._shelf.pointed("previous")
        return Here(
            facts=found.facts,
            runs=self._shelf.pointed(),
            level=level.of(self.state),
            soabi=SOABI,
            levels={row.id: row.level for row in keeping.built(self._shelf)},
            proven=self._records.proven() | ({previous} - {""}),
            package=found.package,
            on_trial=trial.candidate if trial and trial.is_open and trial.id != order.id else "",
        )

    def _gates(self, order: Order) -> list[str]:
        """Return which gates nobody saw, and what they ask less than those of what runs, unless that was accepted."""
        running = self._shelf.pointed()
        try:
            before, now = gates_of(self._shelf.releases / running, running), read(order.record)
        except (PmError, BadRecord) as exc:
            return [str(exc)]
        unseen = witness.unseen(self._records.place / witness.GATES, now)
        if before is None:
            return unseen
        found = weaker.weaker(
            weaker.as_tried(before),
            weaker.as_tried(now),
            weaker.counts(before),
            weaker.counts(now),
        )
        if not found.found or (found.digest == order.weaker and order.weaker_by):
            return unseen
        return unseen + [f"{one.words}, and nobody accepted that" for one in found.found]

    def lay(self, record: Record, disk: Disk) -> None:
        """Write down what is to be signed, durably. Raises PmError, OSError."""
        order = record.order
        beside = papers.beside(self._shelf.path(order.release))
        found = Found(name=order.release, environment=order.environment, papers=beside)
        about = self._papers(order, found)
        parts = {
            proof.STATEMENT: about.statement,
            proof.EVIDENCE: about.evidence,
            proof.GATES: about.gates,
        }
        for name, data in parts.items():
            assert isinstance(data, bytes)
            disk.replace_file(record.place / name, data, _READABLE)


def _said(links: list[Link] | tuple[Link, ...]) -> list[str]:
    return [f"{link.name}: {link.why}" for link in links]


def _refused(order: Order, reasons: list[str]) -> Refused:
    each = "".join(f"\n  {one}" for one in reasons)
    return Refused(
        f"cannot {order.deed} {order.release}: {len(reasons)} of what it takes is not so:{each}"
        if len(reasons) > 1
        else f"cannot {order.deed} {order.release}: {reasons[0]}",
        hint=_HINTS[order.deed],
    )
