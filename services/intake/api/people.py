"""HTTP for staff about a person: found, read, corrected, handed to himself, erased."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from fastapi.responses import Response
from pydantic import Field

from services.intake import erasures, person_views, store
from services.intake.erasures import Erasure
from services.intake.messages import PERSON_UNKNOWN, SEARCH_EMPTY
from services.intake.model import CorrectPerson, Person, Request
from services.intake.model.consent import is_refused
from services.intake.model.erasure import (
    LIFETIME,
    ApproveErasure,
    ErasureProposal,
    ProposeErasure,
    RefuseErasure,
)
from services.intake.model.preference import SetPreference
from services.intake.resources import IntakeRuntime, IntakeRuntimeDep
from services.intake.sent_messages import list_sent_messages
from services.intake.vault.persons import narrow_person
from services.intake.vault.prepare import find_speaker, make_search_keys, seal_correction
from shared import mongo
from shared.contracts.events import ContactOwner, NoticeChannel
from shared.contracts.values import (
    Identifier,
    IdNumber,
    Name,
    NoticeLanguage,
    Phone,
    ShortText,
    Value,
)
from shared.ids import make_id
from shared.looks import Look
from shared.messaging.decision import Command
from shared.phones import MOBILE
from shared.scope import Scope
from shared.security import Credential, Role
from shared.web.access import (
    Denied,
    IdempotencyKey,
    Router,
    allow,
    answer_to,
    find_scope,
    respond,
)

router = Router(tags=["persons"])

CASE_ROLES = (
    Role.COLLECTOR,
    Role.APPROVER_VILLAGE,
    Role.APPROVER_TOWN,
    Role.APPROVER_CITY,
)
CaseWorker = Annotated[Credential, Depends(allow(*CASE_ROLES))]
Approver = Annotated[Credential, Depends(allow(*CASE_ROLES[1:]))]
# It ends what he asked for in every town, for ever.
Eraser = Annotated[Credential, Depends(allow(Role.OPERATOR, Role.APPROVER_CITY, whole_city=True))]
HITS_MAX = 50
PROPOSALS_MAX = 500


class PersonSearch(Value):
    """Any one of them, or several: whom any of them leads to is found."""

    phone: Annotated[Phone, MOBILE] | None = None
    name: Name | None = None
    id_number: IdNumber | None = None
    openid: Annotated[str, Field(pattern=r"^[\w-]{6,64}$")] | None = None


class Correction(Value):
    """reason: how it is known, such as the card that was shown."""

    name: Name | None = None
    phone: Annotated[Phone, MOBILE] | None = None
    id_number: IdNumber | None = None
    contact_of: ContactOwner | None = None
    reason: ShortText


class PreferenceWish(Value):
    """channel: None is the usual order."""

    channel: NoticeChannel | None = None
    language: NoticeLanguage = "zh"


# --- finding and reading ----------------------------------------------------------------------


@router.post("/persons/find")
async def find_persons(
    search: PersonSearch, caller: CaseWorker, runtime: IntakeRuntimeDep
) -> dict[str, object]:
    """From a phone, a name or an ID number to the persons of the caller's area. By POST: nothing
    personal in an address."""
    if search == PersonSearch():
        raise SEARCH_EMPTY.invalid("phone")
    keys = make_search_keys(runtime.resources.vault, **search.model_dump())
    hits = await look_up(runtime, caller, keys)
    vault = runtime.resources.vault
    return {
        "persons": [person_views.describe_hit(vault, each.person, each.requests) for each in hits]
    }


@dataclass(frozen=True, slots=True)
class Hit:
    """A person who was looked for, with what he asked for in the area."""

    person: Person
    requests: Sequence[Request]


async def look_up(runtime: IntakeRuntime, caller: Credential, keys: store.SearchKeys) -> list[Hit]:
    """Who is found by a key and is of the caller's area. Programs and pages look up by it alone.

    It is logged before anything is shown, and also where nobody is found: under the keys' digests.
    """
    scope = find_scope(caller)
    persons = await store.search_persons(runtime.database, keys, scope, HITS_MAX)
    requests = await _load_requests(runtime, persons, scope)
    hits = [
        Hit(_narrow(each, requests[each.id], scope), requests[each.id])
        for each in persons
        if _is_seen(each, requests[each.id], scope)
    ]
    looked_for = [each.person.id for each in hits] or keys.list_digests()
    at = await runtime.processor.now()
    await store.VAULT_LOOKS.add(runtime.database, caller, "find_person", looked_for, at)
    return hits


@router.get("/persons/{person_id}")
async def read_person(
    person_id: Identifier, caller: CaseWorker, runtime: IntakeRuntimeDep
) -> dict[str, object]:
    """Who he is, his cases in the caller's area and what he received before, from any fund."""
    person, requests = await load_seen_person(runtime, find_scope(caller), person_id)
    await log_look(runtime, caller, "read_person", [person])
    page = person_views.describe_person(runtime.resources.vault, person, requests)
    if is_refused(person.consents, "history", await runtime.processor.now()):
        own = person_views.describe_received(requests)
        return page | {"received": own, "history_refused": True}
    every = await store.list_requests_of(runtime.database, (person.id, *person.joined))
    received = person_views.describe_received(every)
    return page | {"received": received, "history_refused": False}


@router.post("/persons/{person_id}/export")
async def export_person(
    person_id: Identifier, caller: Approver, runtime: IntakeRuntimeDep
) -> dict[str, object]:
    """All that we hold of him in the caller's area, to hand to him.

    Who wants all of every town asks one of the whole city, or saves it himself behind his link:
    what he does not want read, nobody of a town reads by handing it to him. Nor does a town read
    who looked, since a look has no area.
    """
    person, requests = await load_seen_person(runtime, find_scope(caller), person_id)
    await log_look(runtime, caller, "export_person", [person])
    looks: list[Look] = []
    if not caller.area:
        requests = await store.list_requests_of(runtime.database, [person.id])
        looks = await store.VAULT_LOOKS.find_latest(runtime.database, person.id, 500)
    sent = await list_sent_messages(runtime, person, find_scope(caller))
    return person_views.describe_export(runtime.resources.vault, person, requests, looks, sent)


async def load_seen_person(
    runtime: IntakeRuntime, scope: Scope, person_id: str
) -> tuple[Person, list[Request]]:
    """As the scope reads of him, with his requests in it. Raises Denied."""
    person = await mongo.load(runtime.database, Person, person_id)
    if person is None:
        raise Denied(PERSON_UNKNOWN.refusal(404, "person_id"))
    requests = (await _load_requests(runtime, [person], scope))[person.id]
    if not _is_seen(person, requests, scope):
        raise Denied(PERSON_UNKNOWN.refusal(404, "person_id"))
    return _narrow(person, requests, scope), requests


async def _load_requests(
    runtime: IntakeRuntime, persons: Sequence[Person], scope: Scope
) -> dict[str, list[Request]]:
    """By person, those in the scope."""
    by_person: dict[str, list[Request]] = {person.id: [] for person in persons}
    for request in await store.list_requests_of(runtime.database, by_person):
        if scope.sees_place(request.area.town_code, request.area.village_code):
            by_person[request.person_id].append(request)
    return by_person


def _narrow(person: Person, requests: Sequence[Request], scope: Scope) -> Person:
    return narrow_person(person, scope, {request.source for request in requests})


def _is_seen(person: Person, requests: Sequence[Request], scope: Scope) -> bool:
    """Who is known there, or asked for something there."""
    return bool(requests) or scope.sees_place(person.area)


async def log_look(
    runtime: IntakeRuntime, caller: Credential, purpose: str, persons: Sequence[Person]
) -> None:
    at = await runtime.processor.now()
    ids = [person.id for person in persons]
    await store.VAULT_LOOKS.add(runtime.database, caller, purpose, ids, at)


# --- changing ---------------------------------------------------------------------------------


@router.post("/persons/{person_id}/correct")
async def correct_person(
    person_id: Identifier,
    correction: Correction,
    caller: CaseWorker,
    runtime: IntakeRuntimeDep,
    key: IdempotencyKey,  # noqa: ARG001
) -> Response:
    """Name, phone or ID number as they are. What others said stays beside it.

    Repeated it says the same again: what is sealed differs each time, so no key tells them apart.
    """
    seen, _ = await load_seen_person(runtime, find_scope(caller), person_id)
    # With all that others entered, which stays beside what is corrected.
    person = await mongo.load(runtime.database, Person, person_id) or seen
    await log_look(runtime, caller, "correct_person", [person])
    command = CorrectPerson(person_id=person.id, **correction.model_dump())
    speaker = find_speaker(caller.speaks_as, runtime.keyring.find_credential)
    sealed = seal_correction(runtime.resources.vault, speaker, person, command)
    return respond(await runtime.processor.execute(Command(sealed, principal=caller.principal)))


@router.post("/persons/{person_id}/preference")
async def set_preference(
    person_id: Identifier,
    wish: PreferenceWish,
    caller: CaseWorker,
    runtime: IntakeRuntimeDep,
    key: IdempotencyKey,
) -> Response:
    """Which way he is told first, and in which language, as he asked staff to note."""
    person, _ = await load_seen_person(runtime, find_scope(caller), person_id)
    data = SetPreference(
        person_id=person.id, by=caller.principal, area=caller.area, **wish.model_dump()
    )
    return await answer_to(runtime, caller, data, key)


@router.post("/persons/{person_id}/erasure", status_code=202)
async def propose_erasure(
    person_id: Identifier, caller: Eraser, runtime: IntakeRuntimeDep, key: IdempotencyKey
) -> Response:
    """Nothing is erased before another approves by `/erase`."""
    return await answer_to(runtime, caller, ProposeErasure(person_id=person_id), key)


@router.post("/persons/{person_id}/erasure/refuse")
async def refuse_erasure(
    person_id: Identifier, caller: Eraser, runtime: IntakeRuntimeDep, key: IdempotencyKey
) -> Response:
    return await answer_to(runtime, caller, RefuseErasure(person_id=person_id), key)


@router.get("/erasures")
async def list_erasures(_caller: Eraser, runtime: IntakeRuntimeDep) -> dict[str, object]:
    """What waits for a second one's word; ids alone."""
    return {"erasures": [each.to_json() for each in await find_proposals(runtime)]}


async def find_proposals(runtime: IntakeRuntime) -> list[ErasureProposal]:
    now = await runtime.processor.now()
    query = {"state": "proposed", "proposed_at": {"$gt": now - LIFETIME}}
    order = [("proposed_at", 1)]
    return await mongo.find(
        runtime.database, ErasureProposal, query, sort=order, limit=PROPOSALS_MAX
    )


@router.post("/persons/{person_id}/erase")
async def erase_person(
    person_id: Identifier, caller: Eraser, runtime: IntakeRuntimeDep, key: IdempotencyKey
) -> Response:
    """By another than proposed it. Drops the keys of everything personal, what he wrote and what
    dead letters hold of him; what he still needed is withdrawn. Ids and figures stay."""
    approve = Command(ApproveErasure(person_id=person_id), principal=caller.principal)
    approved = await runtime.processor.execute(approve)
    if approved.status >= 400:
        return respond(approved)
    written = f"{caller.speaks_as}|{key}"
    erasure = Erasure(make_id("E", written), person_id=person_id)
    return respond(
        await erasures.carry_out_erasure(runtime, erasure, principal=caller.principal, key=written)
    )
