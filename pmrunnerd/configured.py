"""The settings of a daemon that runs: read again, used where they can be, and told where not."""

import logging
from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from pmrunnerd.model.errors import BadRequest
from pmrunnerd.model.settings import Settings, table
from pmrunnerd.model.upkeep import Reloaded
from pmrunnerd.options import Options

log = logging.getLogger(__name__)

# What a daemon is built with, and keeps until it is built anew.
FIXED: Final = ("web_host", "web_port", "store_checkpoint", "runs_unconfined")


class Configured:
    """What a daemon was given, and what it uses now. `read` reads it all again; raises BadRequest."""

    def __init__(self, options: Options, read: Callable[[], Options]) -> None:
        self._options = options
        self._read = read
        self._users: list[Callable[[Settings], object]] = []
        self._problem = ""
        self.settings = options.settings

    def use(self, user: Callable[[Settings], object]) -> None:
        """Have somebody told of the settings whenever they change."""
        self._users.append(user)

    def problem(self) -> str:
        """Say why what is configured is not what is used; empty where it is."""
        return self._problem

    def reload(self) -> Reloaded:
        """Use what can be used at once. Raises BadRequest for what cannot be; then nothing changed."""
        try:
            wanted = self._read()
        except BadRequest as wrong:
            self._problem = f"the configuration is not used: {wrong}"
            raise
        waiting = [
            row.key
            for row in table()
            if row.field in FIXED
            and getattr(wanted.settings, row.field) != getattr(self._options.settings, row.field)
        ]
        kept = {field: getattr(self._options.settings, field) for field in FIXED}
        before, self.settings = self.settings, replace(wanted.settings, **kept)
        changed = [
            row.key
            for row in table()
            if getattr(before, row.field) != getattr(self.settings, row.field)
        ]
        self._problem = f"restart needed for {', '.join(waiting)}" if waiting else ""
        for user in self._users if changed else ():
            user(self.settings)
        if changed or waiting:
            log.info("configuration", extra={"fields": {"used": changed, "restart": waiting}})
        return Reloaded(used=tuple(changed), restart=tuple(waiting))

    def notice(self) -> None:
        """Use what somebody has written; what is wrong with it is told, and harms nothing."""
        before = self._problem
        try:
            self.reload()
        except BadRequest as wrong:
            if self._problem != before:
                log.warning("the configuration is not used: %s", wrong)
