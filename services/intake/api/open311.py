"""Open311 GeoReport v2 for public works: services, their definition, and requests, as JSON or XML.

https://wiki.open311.org/GeoReport_v2. What it calls an API key is a channel's credential, sent as a
bearer token. A reporter reads what became of his channel's requests; nobody's words or phone come
back. Places that an address does not name go to the city, whose staff say the town.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Literal
from urllib.parse import parse_qsl

from fastapi import Depends, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import ValidationError

from services.intake import model, store, views
from services.intake.api.requests import CASE_WORKERS, check_area, is_seen, name_recorder
from services.intake.channels.geo_report import (
    CODES,
    describe_definition,
    describe_discovery,
    describe_service_request,
    describe_services,
    make_submission,
    write_xml,
)
from services.intake.messages import REQUEST_UNKNOWN, SERVICE_UNKNOWN
from services.intake.model import RequestState
from services.intake.resources import IntakeRuntimeDep
from shared import mongo
from shared.answers import Answer
from shared.contracts.addresses import API
from shared.contracts.values import CHINA, Category, Identifier, Kind
from shared.documents import Document
from shared.errors import Invalid, refuse
from shared.messaging.decision import Command
from shared.security import STAFF, Credential, Role
from shared.validation import describe_validation
from shared.web.access import Router, allow, find_scope

# Its description is the published specification, whose answers are not those of our other routes.
router = Router(include_in_schema=False)

Form = Literal["json", "xml"]
Reporter = Annotated[Credential, Depends(allow(Role.CHANNEL, *CASE_WORKERS))]
Reader = Annotated[Credential, Depends(allow(Role.CHANNEL, *STAFF))]
Ids = Annotated[str, Query(max_length=2_000)]
PAGE = 50
SPAN = timedelta(days=90)
YEARS = range(2000, 3000)
FIELDS_MAX = 100
_OPEN = (RequestState.RECORDED, RequestState.OPEN)


@router.get("/open311/discovery.{form}")
async def read_discovery(form: Form, runtime: IntakeRuntimeDep) -> Response:
    """Where the interface stands and how one gets a key: asked by programs that have none yet."""
    settings = runtime.settings
    # Behind the front the routes of programs stand below its own prefix.
    url = f"{settings.public_url}{API}intake" if settings.public_url else settings.intake_url
    discovery = describe_discovery(url.rstrip("/"), settings.help_phone)
    return _write(form, "discovery", "", [discovery])


@router.get("/open311/v2/services.{form}")
async def list_services(form: Form) -> Response:
    """To everybody, as the specification has it."""
    return _write(form, "services", "service", describe_services())


@router.get("/open311/v2/services/{code}.{form}")
async def read_service(code: str, form: Form) -> Response:
    """The town is asked for: without one the city has to find out."""
    if code not in CODES:
        return _refuse_answer(form, SERVICE_UNKNOWN.refusal(404, "service_code"))
    return _write(form, "service_definition", "", [describe_definition(code)])


@router.post("/open311/v2/requests.{form}", status_code=201)
async def post_request(
    form: Form, request: Request, caller: Reporter, runtime: IntakeRuntimeDep
) -> Response:
    """Form-encoded, as the specification has it; the same words of one day are the same request."""
    body = await request.body()
    try:
        fields = dict(parse_qsl(body.decode("utf-8", "replace"), max_num_fields=FIELDS_MAX))
    except ValueError:
        return _refuse(form, 400, f"至多{FIELDS_MAX}个字段 fields at most")
    try:
        submission = make_submission(fields)
    except (Invalid, ValidationError) as error:
        answer = _explain(error)
        is_unknown = SERVICE_UNKNOWN.code in {each["code"] for each in answer.body["problems"]}
        return _refuse_answer(form, replace(answer, status=404) if is_unknown else answer)
    if refused := check_area(submission, caller):
        return _refuse_answer(form, refused)
    today = (await runtime.processor.now()).astimezone(CHINA).date().isoformat()
    digest = hashlib.sha256(f"{today}\n".encode() + body).hexdigest()[:32]
    command = Command(
        name_recorder(submission, caller),
        key=f"{caller.speaks_as}|open311-{digest}",
        principal=caller.principal,
    )
    try:
        answer = await runtime.processor.execute(command)
    except Invalid as error:
        return _refuse_answer(form, _explain(error))
    if answer.status >= 400:
        return _refuse_answer(form, answer)
    created = {
        "service_request_id": answer.body["request_id"],
        "service_notice": "已登记，由镇街审批后办理。Recorded; an office decides.",
        "account_id": "",
    }
    return _write(form, "service_requests", "request", [created], status=201)


def _is_span(start: datetime, end: datetime) -> bool:
    """Times of zones, in years that can be reckoned with, and not too far apart."""
    if any(at.tzinfo is None or at.year not in YEARS for at in (start, end)):
        return False
    return timedelta() <= end - start <= SPAN


@router.get("/open311/v2/requests.{form}")
async def list_service_requests(
    form: Form,
    caller: Reader,
    runtime: IntakeRuntimeDep,
    service_request_id: Ids = "",
    service_code: Ids = "",
    start_date: datetime | None = None,
    end_date: datetime | None = None,
    status: Ids = "",
) -> Response:
    """The latest first, of 90 days at the most; ids override whatever else is asked."""
    query: dict[str, object] = find_scope(caller).build_query(store.REQUESTS)
    query["kind"] = Kind.PROJECT.value
    if service_request_id:
        query["_id"] = {"$in": service_request_id.split(",")[:PAGE]}
    else:
        end = end_date or await runtime.processor.now()
        if not _is_span(start_date or end, end):
            return _refuse(form, 400, "时间须带时区，跨度不超过90天 90 days, with zones")
        start = start_date or end - SPAN
        query["recorded_at"] = {"$gte": start, "$lte": end}
        query |= _narrow(service_code, status)
    order = [("recorded_at", -1)]
    rows = await mongo.find(runtime.database, model.Request, query, sort=order, limit=PAGE)
    return _write(form, "service_requests", "request", [_describe(row) for row in rows])


def _narrow(service_code: str, status: str) -> Document:
    query: dict[str, object] = {}
    if service_code:
        query["category"] = {"$in": service_code.split(",")[: len(CODES)]}
    states = set(status.split(",")) & {"open", "closed"}
    if len(states) == 1:
        among = {"$in" if states == {"open"} else "$nin": [state.value for state in _OPEN]}
        query["state"] = among
    return query


@router.get("/open311/v2/requests/{request_id}.{form}")
async def read_service_request(
    request_id: Identifier, form: Form, caller: Reader, runtime: IntakeRuntimeDep
) -> Response:
    stored = await mongo.load(runtime.database, model.Request, request_id)
    is_there = stored is not None and is_seen(stored, find_scope(caller))
    if stored is None or not is_there or stored.kind is not Kind.PROJECT:
        return _refuse_answer(form, REQUEST_UNKNOWN.refusal(404, "service_request_id"))
    return _write(form, "service_requests", "request", [_describe(stored)])


def _describe(request: model.Request) -> Document:
    return describe_service_request(
        id_=request.id,
        category=Category(request.category),
        is_open=request.state in _OPEN,
        notes=views.STATE_LABELS[request.state],
        recorded_at=request.recorded_at,
        area=request.area,
    )


# --- written --------------------------------------------------------------------------------------


def _write(
    form: Form, root: str, each: str, rows: Sequence[Document], status: int = 200
) -> Response:
    if form == "xml":
        content = write_xml(root, each, rows)
        return Response(content, status_code=status, media_type="text/xml; charset=utf-8")
    media_type = "application/json; charset=utf-8"
    return JSONResponse(list(rows) if each else rows[0], status, media_type=media_type)


def _explain(error: Invalid | ValidationError) -> Answer:
    problems = error.problems if isinstance(error, Invalid) else describe_validation(error)
    return refuse(400, *problems)


def _refuse_answer(form: Form, answer: Answer) -> Response:
    problems: Sequence[Mapping[str, str]] = answer.body.get("problems", ())
    texts = [f"{each['field']}: {each['zh']} {each['en']}" for each in problems]
    return _refuse(form, answer.status, *texts)


def _refuse(form: Form, status: int, *texts: str) -> Response:
    rows = [{"code": status, "description": text} for text in texts]
    return _write(form, "errors", "error", rows, status=status)
