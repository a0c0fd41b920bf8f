"""What a plan came to is looked at: begun, and judged once that is over. What was seen is a fact, and nothing else is kept.

A look has no process of ours: gates are carried by who carries gate runs, and what EVIDENCE.md says is one errand.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from pmrunnerd.engine.accounting import Accounting
from pmrunnerd.model import brief
from pmrunnerd.model.entities import Task, TaskKind
from pmrunnerd.model.errors import PmError, Unavailable
from pmrunnerd.model.gates import GateRecord, Gating, GatingState
from pmrunnerd.model.protocol import EvidenceCheck, EvidenceWrite
from pmrunnerd.model.state import State
from pmrunnerd.rules import closing, judging, limits
from pmrunnerd.rules.gates import failing
from pmrunnerd.rules.gates.failing import Heard
from pmrunnerd.rules.judging import Found
from pmrunnerd.services.agents.protocol import Agent
from pmrunnerd.services.agents.registry import AGENTS
from pmrunnerd.store.store import Store

log = logging.getLogger(__name__)

# What the gates of a gate run left, by the name of each; raises OSError.
Hear = Callable[[GateRecord], Awaitable[Mapping[str, Heard]]]

_BEGIN: Final = "this is the template of the section that is missing:"


async def nothing(_: GateRecord) -> Mapping[str, Heard]:
    """Stand in for who can hear what gates left, where none are tried."""
    return {}


class Checks:
    """Has tasks look. `patience` is how many interruptions in a row a task may have."""

    def __init__(
        self,
        store: Store,
        accounting: Accounting,
        patience: Callable[[], int],
        *,
        hear: Hear = nothing,
        agents: Mapping[str, Agent] = AGENTS,
    ) -> None:
        self._store = store
        self._accounting = accounting
        self._patience = patience
        self._hear = hear
        self._agents = agents

    async def begin(self, task: str) -> None:
        """Record that a task begins to look; of its gates, with it that they are to be tried."""
        known = self._store.ahead.tasks[task]
        await self._store.commit(*judging.begin(self._store.ahead, known))

    async def judge(self, task: str) -> None:
        """Record what came of a look that is over. Raises Unavailable where nothing can be seen now."""
        known = self._store.ahead.tasks[task]
        gating = self._store.ahead.gatings.get(known.gate_run)
        found = None
        if not self._stopped(self._store.ahead, known, gating):
            found = await self._found(known, gating)
        # It may have been cancelled meanwhile, and somebody else may have recorded this already.
        state = self._store.ahead
        known = state.tasks[task]
        if not closing.is_seen(state, known):
            return
        facts = self._stopped(state, known, gating)
        if not facts and found is not None:
            facts = judging.judged(state, known, found, mends=self._mends(state, known))
        if facts:
            await self._store.commit(*facts)

    def _stopped(self, state: State, task: Task, gating: Gating | None) -> judging.Facts:
        return judging.stopped(state, task, gating, patience=self._patience())

    def _mends(self, state: State, task: Task) -> bool:
        """Tell whether the agent of a task understands what it is told; one that replays would do the same again."""
        agent = self._agents.get(limits.agent_of(state, task))
        return agent is not None and not agent.replays

    async def _found(self, task: Task, gating: Gating | None) -> Found:
        if task.kind is TaskKind.EVIDENCE:
            return await self._evidence(task)
        assert gating is not None, "a gate run that is gone was interrupted"
        return await self._gates(gating)

    async def _gates(self, gating: Gating) -> Found:
        where = f"pmrunnerctl gate show {gating.id}"
        record = gating.record
        if gating.state is GatingState.REFUSED or record is None:
            why = "no gate could be tried: " + brief.cut(gating.reason, brief.REASON)
            return Found(commit=gating.commit, wrong=(why,), where=where)
        if not failing.failing(record):
            passed = "1 gate" if len(record.results) == 1 else f"{len(record.results)} gates"
            return Found(
                commit=record.commit,
                source=record.source,
                said=f"{passed} passed in gate run {gating.id}",
            )
        try:
            heard = await self._hear(record)
        except (OSError, PmError) as exc:
            # What they printed helps; that they did not pass is known without it.
            log.warning("cannot read what gate run %s left: %s", gating.id, exc)
            heard = {}
        return Found(
            commit=record.commit,
            wrong=failing.told(record, heard),
            mendable=failing.is_mendable(record),
            where=where,
        )

    async def _evidence(self, task: Task) -> Found:
        project = self._store.ahead.projects[task.project]
        where = f"pmrunnerctl evidence check {project.alias}"
        try:
            seen = await self._accounting.check(project, EvidenceCheck(project=project.alias))
            wrong = [
                brief.cut(f"{one.what} ({one.remedy})", brief.FINDING) for one in seen.complaints
            ]
            gated = self._store.ahead.tasks[task.needs[0]].source
            if gated and seen.source != gated:
                wrong.append(
                    "a file other than EVIDENCE.md differs from what the gates judged:"
                    f" the source is {seen.source[:12]} by now, and they judged {gated[:12]}"
                )
            if wrong and not seen.seal:
                wrong.append(await self._template(project.alias))
        except Unavailable:
            raise
        except OSError as exc:
            raise Unavailable(f"cannot look at the evidence of {project.alias}: {exc}") from exc
        except PmError as exc:
            # No section can be judged, or begun, in there. That is nothing that an agent was asked for.
            why = f"{exc} ({exc.hint})" if exc.hint else str(exc)
            return Found(wrong=(brief.cut(why, brief.REASON),), mendable=False, where=where)
        return Found(
            commit=seen.commit,
            source=seen.source,
            wrong=tuple(wrong),
            said=f"the section has the hash {seen.seal}" if seen.seal else "",
            where=where,
        )

    async def _template(self, alias: str) -> str:
        project = self._store.ahead.project(alias)
        wanted = EvidenceWrite(project=alias, printed=True)
        draft = await self._accounting.write(project, wanted)
        return f"{_BEGIN}\n{brief.cut(draft.section, brief.RESULT)}"
