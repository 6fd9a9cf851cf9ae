"""Who may come in by HTTP, and how answers look.

Problems are `{"problems": [{"code", "field", "zh", "en"}]}` at every status from 400.
"""

import hashlib
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Header, Request
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from shared import actions, mongo
from shared.actions import is_action
from shared.contracts.values import Value
from shared.errors import BugBrake, Invalid, Problem, QueueFull, Transient
from shared.messages import (
    ADDRESS_UNKNOWN,
    AREA_LIMITED,
    BODY_TOO_LARGE,
    FORBIDDEN,
    METHOD_NOT_ALLOWED,
    REQUEST_INVALID,
    REQUESTS_TOO_MANY,
    UNAUTHENTICATED,
    UNAVAILABLE,
)
from shared.messaging.decision import Answer, Command
from shared.runtime import Runtime
from shared.scope import OutOfScope, Scope
from shared.security import STAFF, Credential, Role, Unauthenticated
from shared.validation import Location, describe_errors, format_field_path
from shared.web.admission import (
    SAFE_METHODS,
    Admission,
    LaxJsonError,
    TooManyError,
    limit_body,
)
from shared.web.sessions import authenticate_session, check_form, find_session

CLIENT_CLOSED_REQUEST = 499


def get_runtime(request: Request) -> Runtime:
    """Raises Transient while the service is still starting."""
    runtime = getattr(request.app.state, "runtime", None)
    if runtime is None:
        raise Transient("starting")
    assert isinstance(runtime, Runtime)
    return runtime


async def provide_runtime(request: Request) -> Runtime:
    """For routes: what is no coroutine FastAPI calls in another thread, which costs more than all
    of its other work on a request."""
    return get_runtime(request)


RuntimeDep = Annotated[Runtime, Depends(provide_runtime)]
IdempotencyKey = Annotated[
    str, Header(alias="Idempotency-Key", min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$")
]


class Denied(Exception):  # noqa: N818 - what the answer says
    def __init__(self, answer: Answer) -> None:
        self.answer = answer


@dataclass(frozen=True)
class Allow:
    """A dependency: the caller's credential, if one of its roles is among these.

    whole_city: not for one whose area is a town or village, where what is read has no area.
    """

    roles: frozenset[Role]
    whole_city: bool = False

    async def __call__(self, request: Request) -> Credential:
        """The credential that `GuardedRoute` admitted, or admits it here."""
        credential = getattr(request.state, "credential", None)
        if isinstance(credential, Credential):
            self._check(credential)
            return credential
        credential = await self.admit(request)
        if find_session(request) and request.method not in SAFE_METHODS:  # its form is unchecked
            raise Denied(FORBIDDEN.refusal(403))
        return credential

    def _check(self, credential: Credential) -> None:
        if not credential.roles & self.roles:
            raise Denied(FORBIDDEN.refusal(403))
        if self.whole_city and credential.area:
            raise Denied(AREA_LIMITED.refusal(403))

    async def admit(self, request: Request) -> Credential:
        """Raises Unauthenticated, Denied or TooManyError. Reads no more than the headers."""
        admission = get_admission(request)
        try:
            credential = await authenticate(request, get_runtime(request))
        except Unauthenticated:
            await admission.count_stranger(request)
            raise
        await admission.count(credential.id)
        self._check(credential)
        request.state.credential = credential
        return credential


def allow(*roles: Role, whole_city: bool = False) -> Allow:
    return Allow(frozenset(roles), whole_city)


class GuardedRoute(APIRoute):
    """A route that knows who is there before it reads what he says.

    FastAPI parses the body before it asks the dependencies; a stranger's megabytes would be parsed.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[object, object, Response]]:
        handle, guard = super().get_route_handler(), find_guard(self)

        async def admit(request: Request) -> Response:
            if guard is None:
                return await handle(limit_body(request, self.endpoint))
            credential = await guard.admit(request)
            reads = request.method in SAFE_METHODS
            async with get_admission(request).occupy(credential.id, reads=reads):
                limited = limit_body(request, self.endpoint)
                await check_form(limited, get_runtime(request).keyring)
                if not is_action(credential, request.method):
                    return await handle(limited)
                return await _record_action(handle, limited, credential, self.path_format)

        return admit


async def _record_action(
    handle: Callable[[Request], Coroutine[object, object, Response]],
    request: Request,
    credential: Credential,
    route: str,
) -> Response:
    runtime, status = get_runtime(request), actions.REFUSED
    try:
        response = await handle(request)
        status = response.status_code
    finally:
        await actions.record(
            runtime.database,
            credential,
            request.method,
            route,
            request.path_params,
            status,
            await runtime.processor.now(),
        )
    return response


class Router(APIRouter):
    """What a service's routes are made with: each is guarded before its body is read."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"route_class": GuardedRoute, **options})


def find_guard(route: APIRoute) -> Allow | None:
    """What guards this route; None for a route that asks for no credential."""
    return next((call for call in _list_calls(route.dependant) if isinstance(call, Allow)), None)


def _list_calls(dependant: Dependant) -> Iterator[object]:
    yield dependant.call
    for inner in dependant.dependencies:
        yield from _list_calls(inner)


def find_scope(caller: Credential) -> Scope:
    """Staff see their area; a partner or a channel what it brought in itself."""
    own = None if caller.roles & STAFF else caller.speaks_as
    return Scope(area=caller.area, source=own)


def get_admission(request: Request) -> Admission:
    admission = request.app.state.admission
    assert isinstance(admission, Admission)
    return admission


async def check_rate_limit(request: Request, key: str) -> None:
    """Counts one more visit of whoever the key names. Raises TooManyError.

    Only once they are known: otherwise strangers would use up the share of others.
    """
    await get_admission(request).count(key)


def derive_link_key(purpose: str, subject: str) -> str:
    """Whom `check_rate_limit` counts behind a signed link: a token itself has many spellings."""
    digest = hashlib.sha256(f"{purpose} {subject}".encode()).hexdigest()
    return f"link:{digest[:16]}"


async def authenticate(request: Request, runtime: Runtime) -> Credential:
    """By his bearer, or as whom his browser is signed in. Raises Unauthenticated."""
    header = request.headers.get("authorization")
    if header is None:
        return await authenticate_session(request, runtime)
    scheme, _, bearer = header.partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthenticated
    return runtime.keyring.authenticate(bearer)


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
        principal=credential.principal,
        correlation_id=correlation_id,
    )
    return respond(await runtime.processor.execute(command))


def respond(answer: Answer) -> Response:
    if answer.status == 204:
        return Response(status_code=204)
    return JSONResponse(dict(answer.body), status_code=answer.status)


def answer_problems(status: int, *described: Problem) -> JSONResponse:
    return JSONResponse({"problems": [p.as_dict() for p in described]}, status_code=status)


def install_problem_answers(app: FastAPI) -> None:
    """Every failure as problems, in the reader's languages, never with the input."""
    handlers: dict[type[Exception], Callable[[Request, Any], Awaitable[Response]]] = {
        Invalid: _answer_invalid,
        RequestValidationError: _answer_request_invalid,
        Unauthenticated: _answer_unauthenticated,
        Denied: _answer_denied,
        OutOfScope: _answer_out_of_scope,
        TooManyError: _answer_too_many,
        QueueFull: _answer_queue_full,
        LaxJsonError: _answer_lax_json,
        Transient: _answer_unavailable,
        # A read while the database is away, or between two primaries.
        mongo.ConnectionFailure: _answer_unavailable,
        BugBrake: _answer_unavailable,
        HTTPException: _answer_framework,
        ClientDisconnect: _answer_nobody,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)


async def _answer_invalid(_request: Request, error: Invalid) -> Response:
    return answer_problems(422, *error.problems)


async def _answer_lax_json(_request: Request, error: LaxJsonError) -> Response:
    return answer_problems(422, *error.problems)


async def _answer_request_invalid(_request: Request, error: RequestValidationError) -> Response:
    return answer_problems(422, *describe_errors(error.errors(), _format_body_path))


def _format_body_path(location: Location) -> str:
    return format_field_path(part for part in location if part != "body")


async def _answer_framework(_request: Request, error: HTTPException) -> Response:
    """What the framework itself turns away: no such path, another method, no JSON at all."""
    message = _FRAMEWORK_MESSAGES.get(error.status_code, REQUEST_INVALID)
    answer = answer_problems(error.status_code, message.problem(detail=error.detail))
    answer.headers.update(error.headers or {})
    if error.status_code == 413:
        # Otherwise the server reads on to the end of what it has just refused.
        answer.headers["Connection"] = "close"
    return answer


_FRAMEWORK_MESSAGES = {404: ADDRESS_UNKNOWN, 405: METHOD_NOT_ALLOWED, 413: BODY_TOO_LARGE}


async def _answer_unauthenticated(_request: Request, _error: Unauthenticated) -> Response:
    answer = answer_problems(401, UNAUTHENTICATED.problem())
    answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


async def _answer_denied(_request: Request, error: Denied) -> Response:
    return respond(error.answer)


async def _answer_out_of_scope(_request: Request, _error: OutOfScope) -> Response:
    return respond(AREA_LIMITED.refusal(403))


async def _answer_too_many(_request: Request, error: TooManyError) -> Response:
    return answer_too_many(error.retry_after_s)


async def _answer_queue_full(_request: Request, _error: QueueFull) -> Response:
    """Nothing was stored: whoever sends slower is taken."""
    return answer_too_many(1)


def answer_too_many(retry_after_s: int) -> Response:
    answer = answer_problems(429, REQUESTS_TOO_MANY.problem(seconds=retry_after_s))
    answer.headers["Retry-After"] = str(retry_after_s)
    return answer


async def _answer_nobody(_request: Request, _error: ClientDisconnect) -> Response:
    """He left before he had said everything: nothing of ours failed, and nobody reads this."""
    return Response(status_code=CLIENT_CLOSED_REQUEST)


async def _answer_unavailable(_request: Request, _error: Exception) -> Response:
    answer = answer_problems(503, UNAVAILABLE.problem())
    answer.headers["Retry-After"] = "1"
    return answer
