"""What doors may have of whoever moves releases: looks, and the one that is under way."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NoReturn, Protocol

from pmrunnerd.model.entities import Project
from pmrunnerd.model.errors import Refused
from pmrunnerd.model.promotions import Promotion
from pmrunnerd.model.views import ChangesView
from pmrunnerd.rules.promotion.looked import Looked, Shelved


class Looking(Protocol):
    """Looks at everything that has to hold before a release is moved."""

    async def look(self, project: Project, named: str) -> Looked: ...
    async def shelved(self, environment: str) -> Shelved: ...
    async def changes(self, project: Project, commit: str) -> ChangesView: ...


class Promoting(Protocol):
    """Has root move releases; `stuck` says in which of them root fell silent."""

    @property
    def stuck(self) -> Mapping[str, str]: ...
    async def go_on(self, promotion: Promotion) -> None: ...


class Still:
    """Moves no release, and knows of none."""

    stuck: Mapping[str, str] = MappingProxyType({})

    async def look(self, project: Project, named: str) -> Looked:
        del project, named
        _refuse()

    async def shelved(self, environment: str) -> Shelved:
        del environment
        _refuse()

    async def changes(self, project: Project, commit: str) -> ChangesView:
        del project, commit
        _refuse()

    async def go_on(self, promotion: Promotion) -> None:
        del promotion
        _refuse()


_WHY: Final = "cannot move releases: nothing here does"


def _refuse() -> NoReturn:
    raise Refused(_WHY, hint="pmrunnerctl doctor")
