"""Errors as HTTP says them: `application/problem+json`, with the status that its code stands for."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

import msgspec
from msgspec import Struct

from pmrunnerd.api.respond import Refusal
from pmrunnerd.model.errors import Code

STATUS: Final[Mapping[Code, HTTPStatus]] = {
    Code.BAD_REQUEST: HTTPStatus.BAD_REQUEST,
    Code.NOT_FOUND: HTTPStatus.NOT_FOUND,
    Code.ILLEGAL: HTTPStatus.CONFLICT,
    Code.REFUSED: HTTPStatus.CONFLICT,
    Code.FORBIDDEN: HTTPStatus.FORBIDDEN,
    Code.CONFLICT: HTTPStatus.CONFLICT,
    Code.TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    Code.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    Code.INTERNAL: HTTPStatus.INTERNAL_SERVER_ERROR,
}
MEDIA_TYPE: Final = "application/problem+json"


class Problem(Struct, frozen=True, kw_only=True):
    """The body. `detail` and `hint` are what `pmrunnerctl` prints."""

    type: str = "about:blank"
    title: str
    status: int
    code: Code
    detail: str
    hint: str = ""
    retryable: bool = False


class Rejected(Exception):
    """A request that HTTP itself has a word for, and no rule was asked about."""

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        *,
        code: Code = Code.BAD_REQUEST,
        hint: str = "",
        retryable: bool = False,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.why = Refusal(code=code, message=detail, hint=hint, retryable=retryable)


def problem(why: Refusal, status: HTTPStatus | None = None) -> Problem:
    """Return the body for an error, with the status of its code unless HTTP knows better."""
    status = status or STATUS[why.code]
    return Problem(
        title=status.phrase,
        status=status,
        code=why.code,
        detail=why.message,
        hint=why.hint,
        retryable=why.retryable,
    )


def encode(body: Problem) -> bytes:
    """Return the body as it travels."""
    return msgspec.json.encode(body)
