"""HTTP for staff about what looks alike: listed by office, joined, and taken apart again."""

from typing import Annotated, Literal

from fastapi import Depends, Query
from fastapi.responses import Response

from services.intake import person_views, store
from services.intake.api.people import CASE_ROLES, load_seen_person, log_look
from services.intake.model import Request
from services.intake.model.suggestion import (
    DecideSuggestion,
    JoinPersons,
    SeparatePerson,
    SeparateRequest,
    Subject,
    Suggestion,
    SuggestionState,
)
from services.intake.resources import IntakeRuntime, IntakeRuntimeDep
from shared import mongo
from shared.contracts.values import Identifier, Value
from shared.security import Credential
from shared.web.access import Denied, IdempotencyKey, Router, allow, answer_to, find_scope

router = Router(tags=["suggestions"])

CaseWorker = Annotated[Credential, Depends(allow(*CASE_ROLES))]
# Joining moves caps and relations of funds; a collector sees what he brought in, and says so.
Approver = Annotated[Credential, Depends(allow(*CASE_ROLES[1:]))]


Verdict = Literal["merge", "separate"]


class OtherPerson(Value):
    other_id: Identifier


@router.get("/suggestions")
async def list_suggestions(
    caller: CaseWorker,
    runtime: IntakeRuntimeDep,
    state: SuggestionState = "open",
    subject: Subject | None = None,
    after: str = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> dict[str, object]:
    """Of the caller's area, the newest first, on each page those before that still matter; each
    with its reasons and both sides; `next` as in `GET /requests`."""
    query = find_scope(caller).build_query(store.SUGGESTIONS) | {"state": state}
    query |= {"subject": subject} if subject else {}
    rows = await store.load_suggestions(runtime.database, query, after, limit)
    views = [await _describe(runtime, caller, row) for row in rows]
    views.sort(key=person_views.is_pair_over)
    following = rows[-1].id if len(rows) == limit else None
    return {"suggestions": views, "next": following}


async def _describe(
    runtime: IntakeRuntime, caller: Credential, row: Suggestion
) -> dict[str, object]:
    """What is of another area is an id, and no more."""
    describe = _describe_person if row.subject == "person" else _describe_request
    sides = [await describe(runtime, caller, id_) for id_ in (row.first_id, row.second_id)]
    return person_views.describe_suggestion(row, sides)


async def _describe_person(
    runtime: IntakeRuntime, caller: Credential, person_id: str
) -> dict[str, object]:
    try:
        person, requests = await load_seen_person(runtime, find_scope(caller), person_id)
    except Denied:
        return {"person_id": person_id}
    await log_look(runtime, caller, "compare_persons", [person])
    return person_views.describe_hit(runtime.resources.vault, person, requests)


async def _describe_request(
    runtime: IntakeRuntime, caller: Credential, request_id: str
) -> dict[str, object]:
    request = await mongo.load(runtime.database, Request, request_id)
    if request is None or not caller.sees(request.area.town_code, request.area.village_code):
        return {"request_id": request_id}
    return person_views.describe_alike(request)


@router.post("/suggestions/{suggestion_id}/merge")
async def merge_suggested(
    suggestion_id: Identifier, caller: Approver, runtime: IntakeRuntimeDep, key: IdempotencyKey
) -> Response:
    """They are one person, or one need: the later request goes with the earlier."""
    command = DecideSuggestion(suggestion_id=suggestion_id, verdict="merged", area=caller.area)
    return await answer_to(runtime, caller, command, key)


@router.post("/suggestions/{suggestion_id}/separate")
async def separate_suggested(
    suggestion_id: Identifier, caller: Approver, runtime: IntakeRuntimeDep, key: IdempotencyKey
) -> Response:
    """They are two. What was merged comes apart as it was."""
    command = DecideSuggestion(suggestion_id=suggestion_id, verdict="apart", area=caller.area)
    return await answer_to(runtime, caller, command, key)


@router.post("/persons/{person_id}/merge")
async def merge_persons(
    person_id: Identifier,
    body: OtherPerson,
    caller: Approver,
    runtime: IntakeRuntimeDep,
    key: IdempotencyKey,
) -> Response:
    """Two records of the caller's area are one person: a link, which changes neither."""
    for id_ in (person_id, body.other_id):
        await load_seen_person(runtime, find_scope(caller), id_)
    command = JoinPersons(person_id=person_id, other_id=body.other_id, area=caller.area)
    return await answer_to(runtime, caller, command, key)


@router.post("/persons/{person_id}/unmerge")
async def unmerge_person(
    person_id: Identifier, caller: Approver, runtime: IntakeRuntimeDep, key: IdempotencyKey
) -> Response:
    """This record is of somebody else than those it was joined with."""
    await load_seen_person(runtime, find_scope(caller), person_id)
    command = SeparatePerson(person_id=person_id, area=caller.area)
    return await answer_to(runtime, caller, command, key)


@router.post("/requests/{request_id}/unmerge")
async def unmerge_request(
    request_id: Identifier, caller: Approver, runtime: IntakeRuntimeDep, key: IdempotencyKey
) -> Response:
    """It repeats no other; also what the machine once called a duplicate comes back."""
    command = SeparateRequest(request_id=request_id, area=caller.area)
    return await answer_to(runtime, caller, command, key)
