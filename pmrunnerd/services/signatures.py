"""Signs and verifies with ssh-keygen, which every machine with ssh has: no cryptography of ours.

The key that signs is a file that only its owner can read; who may sign is a list of public keys, each with a name
and, where one wants, the time from and until which it is good (ALLOWED SIGNERS in ssh-keygen(1)).
"""

import os
import re
import time
from pathlib import Path
from typing import Final

from pmrunnerd.model.errors import PmError, Refused
from pmrunnerd.model.statement import NAMESPACE
from pmrunnerd.rules.proof import armour
from pmrunnerd.rules.proof.found import Signed
from pmrunnerd.services import process
from pmrunnerd.services.outcome import Exited, Outcome, why

# Seconds and bytes that it may take; it takes milliseconds, and says a line.
_TOTAL: Final = 30.0
_SAYS: Final = 1 << 20
# No agent is asked for a key, and nobody for a passphrase.
_ENV: Final = {"PATH": process.PATH, "LC_ALL": "C.UTF-8", "SSH_ASKPASS_REQUIRE": "never"}
# A name that cannot be taken for an option, or for a pattern of names.
SIGNER: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._@-]{0,127}")
_LIST_LINE: Final = re.compile(r"^.*?:(?P<line>\d+): (?P<why>.+)$", re.MULTILINE)
_INSTALL: Final = "sudo apt-get install openssh-client"
_GONE: Final = "there is no ssh-keygen"


async def sign(data: bytes, key: Path) -> bytes:
    """Return a signature of some bytes. Raises PmError where there is none."""
    done = await _keygen("sign", "-f", str(key), "-n", NAMESPACE, given=data)
    match done:
        case Exited(0, out, _):
            return out
        case Exited(process.CANNOT_START):
            raise Refused(f"cannot sign: {_GONE}", hint=_INSTALL)
        case failed:
            raise PmError(f"cannot sign with {key}: {why(failed)}", hint=f"ls -l {key}")


async def verify(  # noqa: PLR0913 - each of them decides whether it holds
    data: bytes,
    signature: bytes,
    *,
    signer: str,
    at: int,
    allowed: Path,
    revoked: Path | None = None,
) -> Signed:
    """Return by which key it is signed, or why that does not hold.

    `signer` must be whose key it is, by the list of those who are allowed, at the time `at`. A key that is
    revoked signs nothing, whenever it did. Raises Refused where nothing can be said without somebody's doing.
    """
    try:
        said = armour.read(signature)
    except armour.BadSignature as exc:
        return Signed(why=f"its signature cannot be read: {exc}")
    if said.namespace != NAMESPACE:
        return Signed(why=f"{said.key} signed it for {said.namespace!r}, and not for {NAMESPACE!r}")
    if not SIGNER.fullmatch(signer):
        return Signed(why=f"{signer!r} is no name of somebody who signs")
    _must_be_readable(allowed)
    options = ["-f", str(allowed), *_moment(at)]
    whose = ("-I", signer, "-n", NAMESPACE, *options)
    done = await _verify("verify", signature, *whose, *_without(revoked), given=data)
    if _is_good(done):
        return Signed(key=said.key)
    if isinstance(done, Exited) and done.status == process.CANNOT_START:
        raise Refused(f"cannot verify a signature: {_GONE}", hint=_INSTALL)
    if not _is_good(await _verify("check-novalidate", signature, "-n", NAMESPACE, given=data)):
        why_not = f"what was signed was changed afterwards, or {said.key} never signed it"
    elif revoked and _is_good(await _verify("verify", signature, *whose, given=data)):
        why_not = f"{said.key} is revoked"
    else:
        why_not = await _whose(done, signature, signer, said, options)
    return Signed(why=why_not)


def _is_good(done: Outcome) -> bool:
    return isinstance(done, Exited) and done.status == 0


def _must_be_readable(allowed: Path) -> None:
    try:
        allowed.open("rb").close()
    except OSError as exc:
        raise Refused(
            f"cannot verify a signature: who may sign is not to be read: {allowed}: {exc.strerror}",
            hint="--allowed-signers FILE   with the public keys that are believed",
        ) from exc


def _without(revoked: Path | None) -> list[str]:
    """Return the option that names the list of keys that nobody believes any more, if there is one."""
    return ["-r", str(revoked)] if revoked is not None and revoked.exists() else []


def _moment(at: int) -> list[str]:
    """Return the option that says when; the list's times of validity are compared with it."""
    return ["-O", time.strftime("verify-time=%Y%m%d%H%M%SZ", time.gmtime(max(at, 0)))]


async def _whose(
    done: Outcome, signature: bytes, signer: str, said: armour.Said, options: list[str]
) -> str:
    """Return in words why a signature that is whole is not the signer's: ssh-keygen's own are few."""
    errors = done.err.decode(errors="backslashreplace") if isinstance(done, Exited) else why(done)
    _, allowed, *_ = options
    if lines := _LIST_LINE.findall(errors):
        return "; ".join(f"line {line} of {allowed}: {reason}" for line, reason in lines[:3])
    others = await _verify("find-principals", signature, *options, given=b"")
    names = (
        others.out.decode(errors="backslashreplace").split() if isinstance(others, Exited) else []
    )
    if names:
        return f"{said.key} is that of {', '.join(names)}, and {signer} is said to have signed"
    return f"{said.key} is nobody's in {allowed}"


async def _verify(verb: str, signature: bytes, *options: str, given: bytes) -> Outcome:
    with process.given(signature) as file:
        place = f"/dev/fd/{file}"
        return await _keygen(verb, "-s", place, *options, given=given, pass_fds=(file,))


async def _keygen(
    verb: str, *options: str, given: bytes, pass_fds: tuple[int, ...] = ()
) -> Outcome:
    return await process.run(
        ["ssh-keygen", "-Y", verb, *options],
        cwd=Path("/"),
        env=_ENV | {"HOME": os.environ.get("HOME", "/")},
        total=_TOTAL,
        limit=_SAYS,
        input=given,
        pass_fds=pass_fds,
    )
