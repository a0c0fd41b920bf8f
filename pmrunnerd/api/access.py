"""Who is calling, by the word of the kernel, and what they may ask."""

import contextlib
import functools
import grp
import logging
import os
import pwd
import socket
import struct
from collections.abc import Mapping
from typing import Final, Protocol

from msgspec import Struct
from msgspec.structs import replace

from pmrunnerd.model.errors import Forbidden
from pmrunnerd.model.protocol import Access, Command

log = logging.getLogger(__name__)

GROUPS: Final[Mapping[str, Access]] = {
    "pm-runner-admin": Access.ADMIN,
    "pm-runner": Access.OPERATE,
    "pm-runner-read": Access.READ,
}
# From weak to strong, as the enumeration declares them.
_RANK: Final = {access: rank for rank, access in enumerate(Access)}

# Users as whom agents run, and gates. They are refused even if somebody adds them to a group.
AGENTS: Final = ("pm-agent", "pm-gated")
# What systemd hands out to units with DynamicUser=: gates, builds and fetches, never people.
DYNAMIC_USERS: Final = range(61184, 65520)

_PEERGROUPS: Final = 59  # SO_PEERGROUPS, for which Python has no name
_MOST: Final = 1024  # bytes; Python asks the kernel for no more


class Caller(Struct, frozen=True, kw_only=True):
    """Somebody at a door. `name` is what facts say they were done by."""

    name: str
    uid: int
    access: Access


class Peer(Protocol):
    """The part of a connected socket that tells who is at its other end."""

    def getsockopt(self, level: int, option: int, buflen: int, /) -> bytes: ...


class Roles(Struct, frozen=True, kw_only=True):
    """Which users and groups may do what. `denied` wins over everything, root included.

    Nobody may do more than `most`.
    """

    own: int
    groups: Mapping[int, Access]
    denied: frozenset[int] = frozenset()
    most: Access = Access.ADMIN

    def at_most(self, most: Access) -> "Roles":
        """Return the same roles for a door by which nobody may do more than this."""
        return replace(self, most=most)

    def admit(self, peer: Peer) -> Caller:
        """Return who is at the other end of a Unix socket; raise Forbidden where nobody we know."""
        packed = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        _, uid, gid = struct.unpack("3i", packed)
        access = self._access(uid, {gid, *_supplementary(peer)})
        if access is None:
            raise Forbidden(f"cannot let {name(uid)} in: {self._why(uid)}", hint=self._remedy(uid))
        return Caller(name=name(uid), uid=uid, access=min(access, self.most, key=_RANK.__getitem__))

    def _access(self, uid: int, gids: set[int]) -> Access | None:
        if self._is_denied(uid):
            return None
        if uid in (0, self.own):
            return Access.ADMIN
        granted = [access for gid, access in self.groups.items() if gid in gids]
        return max(granted, key=_RANK.__getitem__, default=None)

    def _is_denied(self, uid: int) -> bool:
        return uid in self.denied or (uid in DYNAMIC_USERS and uid != self.own)

    def _why(self, uid: int) -> str:
        if self._is_denied(uid):
            return "agents and gates may not talk to pmrunnerd"
        if not self.groups:
            return f"only root and {name(self.own)} may talk to this pmrunnerd"
        return f"not in group {', '.join(sorted(self._names()))}"

    def _remedy(self, uid: int) -> str | None:
        if self._is_denied(uid):
            return None
        if not self.groups:
            return f"sudo -u {name(self.own)} pmrunnerctl status"
        return f"sudo usermod -aG pm-runner {name(uid)}   # then log in again"

    def _names(self) -> list[str]:
        granted = set(self.groups.values())
        return [group for group, access in GROUPS.items() if access in granted]


def roles(agents: tuple[str, ...] = AGENTS) -> Roles:
    """Read the groups and agents of this machine; those that do not exist count for nothing."""
    groups, denied = {}, set()
    for agent in agents:
        with contextlib.suppress(KeyError):
            denied.add(pwd.getpwnam(agent).pw_uid)
    for group, access in GROUPS.items():
        with contextlib.suppress(KeyError):
            groups[grp.getgrnam(group).gr_gid] = access
    return Roles(own=os.geteuid(), groups=groups, denied=frozenset(denied))


def require(caller: Caller, command: Command) -> None:
    """Raise Forbidden where a caller may not ask this."""
    if _RANK[caller.access] >= _RANK[command.access]:
        return
    fields = {"command": command.name, "by": caller.name, "access": caller.access}
    log.warning("request-refused", extra={"fields": fields | {"needs": command.access}})
    group = next(name for name, access in GROUPS.items() if access is command.access)
    raise Forbidden(
        f"cannot do {command.name}: {caller.name} may {caller.access}, not {command.access}",
        hint=f"sudo usermod -aG {group} {caller.name}   # then log in again",
    )


@functools.lru_cache(maxsize=1024)
def name(uid: int) -> str:
    """Return a user's name, or `uid 1234` where the machine knows none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


def _supplementary(peer: Peer) -> set[int]:
    """Return the groups that the caller had when it connected.

    Somebody in more groups than Python can ask for has only the primary one here: too little
    access is a message, too much would be a hole.
    """
    try:
        packed = peer.getsockopt(socket.SOL_SOCKET, _PEERGROUPS, _MOST)
    except OSError:
        return set()
    return set(struct.unpack(f"{len(packed) // 4}I", packed))
