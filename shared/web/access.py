"""Who may come in by HTTP, and how answers look.

Problems are `{"problems": [{"code", "field", "zh", "en"}]}` at every status from 400.
"""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter
from starlette.exceptions import HTTPException

from shared.contracts.values import Value
from shared.errors import BugBrake, Invalid, Problem, Transient
from shared.messages import (
    ADDRESS_UNKNOWN,
    FORBIDDEN,
    METHOD_NOT_ALLOWED,
    REQUEST_INVALID,
    REQUESTS_TOO_MANY,
    UNAUTHENTICATED,
    UNAVAILABLE,
)
from shared.messaging.decision import Answer, Command
from shared.runtime import Runtime
from shared.security import Credential, Role, Unauthenticated
from shared.validation import Location, describe_errors, field_path


def get_runtime(request: Request) -> Runtime:
    """Raises Transient while the service is still starting."""
    runtime = getattr(request.app.state, "runtime", None)
    if runtime is None:
        raise Transient("starting")
    assert isinstance(runtime, Runtime)
    return runtime


RuntimeDep = Annotated[Runtime, Depends(get_runtime)]
IdempotencyKey = Annotated[
    str, Header(alias="Idempotency-Key", min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$")
]


class Denied(Exception):  # noqa: N818 - what the answer says
    def __init__(self, answer: Answer) -> None:
        self.answer = answer


@dataclass(frozen=True)
class Allow:
    """A dependency: the caller's credential, if one of its roles is among these."""

    roles: frozenset[Role]

    async def __call__(
        self,
        request: Request,
        authorization: Annotated[str, Header(include_in_schema=False)] = "",
    ) -> Credential:
        credential = _authenticate(get_runtime(request), authorization)
        if not credential.roles & self.roles:
            raise Denied(FORBIDDEN.refusal(403))
        await check_rate_limit(request, credential.id)
        return credential


def allow(*roles: Role) -> Allow:
    return Allow(frozenset(roles))


async def check_rate_limit(request: Request, key: str) -> None:
    """Counts one more visit of whoever the key names. Raises Denied when there were too many.

    Only once they are known: otherwise strangers would use up the share of others.
    """
    if not await request.app.state.rate_limit(key):
        raise Denied(REQUESTS_TOO_MANY.refusal(429))


def derive_link_key(purpose: str, subject: str) -> str:
    """Whom `check_rate_limit` counts behind a signed link: a token itself has many spellings."""
    digest = hashlib.sha256(f"{purpose} {subject}".encode()).hexdigest()
    return f"link:{digest[:16]}"


def _authenticate(runtime: Runtime, authorization: str) -> Credential:
    scheme, _, bearer = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthenticated
    return runtime.keyring.authenticate(bearer)


def build_rate_limit(per_minute: int) -> Callable[[str], Awaitable[bool]]:
    """Whether this credential or link may come in once more; counted in this process."""
    limiter = MovingWindowRateLimiter(MemoryStorage())
    item = RateLimitItemPerMinute(per_minute)

    async def hit(key: str) -> bool:
        return bool(await limiter.hit(item, key))

    return hit


async def answer_to(
    runtime: Runtime,
    credential: Credential,
    data: Value,
    idempotency_key: str,
    correlation_id: str = "",
) -> Response:
    """Executes a command in the caller's name and answers with its durable decision."""
    command = Command(
        data,
        key=f"{credential.speaks_as}|{idempotency_key}",
        principal=credential.id,
        correlation_id=correlation_id,
    )
    return respond(await runtime.processor.execute(command))


def respond(answer: Answer) -> Response:
    if answer.status == 204:
        return Response(status_code=204)
    return JSONResponse(dict(answer.body), status_code=answer.status)


def problems(status: int, *described: Problem) -> JSONResponse:
    return JSONResponse({"problems": [p.as_dict() for p in described]}, status_code=status)


def install_problem_answers(app: FastAPI) -> None:
    """Every failure as problems, in the reader's languages, never with the input."""
    handlers: dict[type[Exception], Callable[[Request, Any], Awaitable[Response]]] = {
        Invalid: _answer_invalid,
        RequestValidationError: _answer_request_invalid,
        Unauthenticated: _answer_unauthenticated,
        Denied: _answer_denied,
        Transient: _answer_unavailable,
        BugBrake: _answer_unavailable,
        HTTPException: _answer_framework,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)


async def _answer_invalid(_request: Request, error: Invalid) -> Response:
    return problems(422, *error.problems)


async def _answer_request_invalid(_request: Request, error: RequestValidationError) -> Response:
    return problems(422, *describe_errors(error.errors(), _body_path))


def _body_path(location: Location) -> str:
    return field_path(part for part in location if part != "body")


async def _answer_framework(_request: Request, error: HTTPException) -> Response:
    """What the framework itself turns away: no such path, another method, no JSON at all."""
    message = _FRAMEWORK_MESSAGES.get(error.status_code, REQUEST_INVALID)
    answer = problems(error.status_code, message.problem(detail=error.detail))
    answer.headers.update(error.headers or {})
    return answer


_FRAMEWORK_MESSAGES = {404: ADDRESS_UNKNOWN, 405: METHOD_NOT_ALLOWED}


async def _answer_unauthenticated(_request: Request, _error: Unauthenticated) -> Response:
    answer = problems(401, UNAUTHENTICATED.problem())
    answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


async def _answer_denied(_request: Request, error: Denied) -> Response:
    return respond(error.answer)


async def _answer_unavailable(_request: Request, _error: Exception) -> Response:
    answer = problems(503, UNAVAILABLE.problem())
    answer.headers["Retry-After"] = "1"
    return answer
