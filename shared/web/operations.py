"""What every service offers its operators: health, descriptions, dead letters, outbox."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import Annotated, Any, Literal

import structlog
from fastapi import Depends, FastAPI, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from faststream.kafka import KafkaBroker
from faststream.specification.asyncapi import AsyncAPI
from faststream.specification.base import Specification
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from shared import mongo, telemetry
from shared.contracts.envelope import Fact
from shared.contracts.values import Identifier, Value
from shared.contracts.wire import build_event_model
from shared.looks import DEAD_LETTER_LOOKS
from shared.messages import DEAD_LETTER_UNKNOWN
from shared.messaging.broker import describe_publishers
from shared.runtime import Runtime
from shared.security import Credential, Role
from shared.web.access import Router, RuntimeDep, allow, answer_problems, respond
from shared.web.links import FRAME
from shared.web.reference import list_events, list_routes

log = structlog.get_logger()

router = Router(tags=["operations"])
# A dead letter has no area, and may hold anybody's data.
Operator = Annotated[Credential, Depends(allow(Role.OPERATOR, whole_city=True))]
Auditor = Annotated[Credential, Depends(allow(Role.AUDITOR, whole_city=True))]
DeadLetterState = Literal["open", "replayed", "discarded", "erased"]
DeadLettersLimit = Annotated[int, Query(ge=1, le=1000)]


@router.get("/health/live")
async def live() -> dict[str, str]:
    return {"status": "live"}


@router.get("/health/ready")
async def ready(request: Request) -> Response:
    """200 only when broker, database and consumers are there; else why not."""
    reason = request.app.state.ready()
    status = {"status": "waiting", "reason": reason} if reason else {"status": "ready"}
    return JSONResponse(status, status_code=503 if reason else 200)


# --- what describes the service ------------------------------------------------------------------


def build_descriptions(*, guarded: bool) -> Router:
    """Metrics, AsyncAPI and OpenAPI. guarded: for operators alone, metrics for Prometheus too."""
    guards = [Depends(allow(Role.OPERATOR))] if guarded else []
    watching = [Depends(allow(Role.OPERATOR, Role.MONITOR))] if guarded else []
    descriptions = Router(tags=["operations"])
    add = descriptions.add_api_route
    add("/metrics", metrics, dependencies=watching)
    add("/asyncapi", asyncapi, response_class=HTMLResponse, dependencies=guards)
    add("/asyncapi.json", asyncapi_json, dependencies=guards)
    add("/openapi.json", openapi_json, include_in_schema=False, dependencies=guards)
    add("/docs", docs, include_in_schema=False, dependencies=guards)
    return descriptions


async def metrics(request: Request) -> Response:
    runtime = request.app.state.runtime
    name = request.app.state.service.name
    telemetry.READY.labels(name).set(not request.app.state.ready())
    if runtime is not None:
        # A database that is away is told of by what was measured before, and by `guanjia_ready`.
        with suppress(mongo.PyMongoError):
            await _measure(runtime)
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


async def _measure(runtime: Runtime) -> None:
    count = await runtime.dead_letters.open_count()
    telemetry.DEAD_LETTERS_OPEN.labels(runtime.name).set(count)
    for row in await runtime.flow.measure():
        telemetry.TOPIC_WAITING.labels(runtime.name, row.topic).set(row.behind)
        telemetry.TOPIC_DELAY.labels(runtime.name, row.topic).set(row.delay_s or 0)
    oldest = await runtime.outbox.find_oldest()
    age = (await runtime.processor.now() - oldest).total_seconds() if oldest else 0
    telemetry.OUTBOX_OLDEST.labels(runtime.name).set(max(0, age))


async def asyncapi(request: Request) -> HTMLResponse:
    return FRAME.render_for(
        request,
        "reference.html",
        title_zh=f"{request.app.state.service.name} 的事件",
        title=f"Events of {request.app.state.service.name}",
        operations=list_events(describe_events(request.app).to_jsonable()),
        document="asyncapi.json",
    )


async def asyncapi_json(request: Request) -> Response:
    return Response(describe_events(request.app).to_json(), media_type="application/json")


async def openapi_json(request: Request) -> JSONResponse:
    return JSONResponse(request.app.openapi())


async def docs(request: Request) -> HTMLResponse:
    return FRAME.render_for(
        request,
        "reference.html",
        title_zh=f"{request.app.state.service.name} 的接口",
        title=f"Routes of {request.app.state.service.name}",
        operations=list_routes(request.app),
        document="openapi.json",
    )


def describe_events(app: FastAPI) -> Specification:
    """Made when it is first asked for, and once: it takes half a second and stays the same."""
    if app.state.asyncapi is None:
        service = app.state.service
        app.state.asyncapi = build_asyncapi(service.name, service.events).to_specification()
    document: Specification = app.state.asyncapi
    return document


def build_asyncapi(service: str, events: Mapping[type[Fact], object]) -> AsyncAPI:
    """What the service reads and writes, as its topics see it."""
    broker = KafkaBroker(logger=None)
    for fact in events:
        broker.subscriber(fact.TOPIC, group_id=f"guanjia-{service}", title=fact.TYPE)(
            _make_subscriber(fact)
        )
    describe_publishers(broker, service)
    return AsyncAPI(broker, title=f"Guanjia: {service}", version="1")


def _make_subscriber(fact: type[Fact]) -> Any:
    async def read(data: Any) -> None: ...

    read.__annotations__["data"] = build_event_model(fact)
    read.__doc__ = fact.__doc__
    return read


# --- dead letters and outbox --------------------------------------------------------------------


@router.get("/dead-letters")
async def dead_letters(
    _operator: Operator,
    runtime: RuntimeDep,
    state: DeadLetterState = "open",
    limit: DeadLettersLimit = 100,
) -> list[dict[str, object]]:
    return await runtime.dead_letters.list(state, limit)


@router.get("/dead-letters/{id_}")
async def dead_letter(operator: Operator, runtime: RuntimeDep, id_: str) -> Response:
    """With its content, which may be personal: the look is stored."""
    letter = await open_dead_letter(runtime, operator, id_)
    if letter is None:
        return answer_problems(404, DEAD_LETTER_UNKNOWN.problem())
    return JSONResponse(_to_json(letter))


async def open_dead_letter(
    runtime: Runtime, caller: Credential, id_: str
) -> dict[str, object] | None:
    """The look is stored before anything is shown. None where there is no such letter."""
    letter = await runtime.dead_letters.show(id_)
    log.info("dead_letter_shown", dead_letter_id=id_, by=caller.id)
    if letter is not None:
        now = await runtime.processor.now()
        await DEAD_LETTER_LOOKS.add(runtime.database, caller, "read_dead_letter", [id_], now)
    return letter


@router.get("/dead-letter-looks")
async def list_dead_letter_looks(
    _auditor: Auditor,
    runtime: RuntimeDep,
    about: Identifier | None = None,
    after: Annotated[str, Query(pattern=r"^([0-9a-f]{24})?$")] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> dict[str, object]:
    """Who opened which dead letter, oldest first. about: one letter; `next` is the `after` of the
    page that follows."""
    looks = await DEAD_LETTER_LOOKS.list_page(runtime.database, about, after, limit)
    rows = [
        {"at": look.at, "who": look.who, "roles": sorted(look.roles), "about": look.about}
        for look in looks
    ]
    return {"looks": rows, "next": looks[-1].id if len(looks) == limit else None}


@router.post("/dead-letters/{id_}/replay")
async def replay(operator: Operator, runtime: RuntimeDep, id_: str) -> Response:
    log.info("dead_letter_replayed", dead_letter_id=id_, by=operator.id)
    return respond(await runtime.dead_letters.replay(id_))


@router.post("/dead-letters/{id_}/discard")
async def discard(operator: Operator, runtime: RuntimeDep, id_: str) -> Response:
    log.info("dead_letter_discarded", dead_letter_id=id_, by=operator.id)
    return respond(await runtime.dead_letters.discard(id_))


class Resend(Value):
    subject: Identifier


@router.post("/outbox/resend")
async def resend(_operator: Operator, runtime: RuntimeDep, body: Resend) -> dict[str, int]:
    """Every event of a subject again: fills a gap, harms nobody who has them."""
    return {"sent": await runtime.outbox.resend(body.subject)}


@router.get("/outbox")
async def outbox(_operator: Operator, runtime: RuntimeDep) -> dict[str, int]:
    return {"waiting": await runtime.outbox.count_waiting()}


@router.get("/sealing")
async def sealing(_operator: Operator, runtime: RuntimeDep) -> dict[str, object]:
    """What the root before this one still seals, and who still signs with it."""
    roots = runtime.keyring.roots
    return {
        "root": roots.current.id,
        "previous": roots.previous.id if roots.previous else None,
        "sealed": {name: asdict(count) for name, count in (await runtime.resealer.count()).items()},
        "late_signers": {s: at.isoformat() for s, at in runtime.keyring.late_signers.items()},
    }


def _to_json(row: Mapping[str, object]) -> dict[str, object]:
    return {k: v.isoformat() if hasattr(v, "isoformat") else v for k, v in row.items()}
