"""How an agent is known to its model's provider."""

from pmrunnerd.model.entities import Entity


class Account(Entity, frozen=True, kw_only=True):
    """How an agent, `id`, is known to its model's provider, and what that refuses for now.

    `login` is the kind of its login, since `at`, until `expires` where that is known; `expiring`
    once a person is to be told. `limit` is `rate`, `overload`, `balance`, `way` or `login` while one
    stands, `times` how often in a row one was met, and `began` when the run did that met it. After `until` one run, the `probe`, may see whether it is over;
    where it is empty, a person must do something first. `at_once` says that a person did. `freed` is when the latest one was over.
    """

    id: str
    login: str = ""
    by: str = ""
    at: str = ""
    expires: str = ""
    expiring: bool = False
    limit: str = ""
    reason: str = ""
    since: str = ""
    until: str = ""
    times: int = 0
    at_once: bool = False
    began: str = ""
    probe: str = ""
    freed: str = ""
