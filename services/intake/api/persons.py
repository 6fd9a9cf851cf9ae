"""HTTP about persons: registering, erasing, contacts for our own services, and who looked."""

from typing import Annotated, Any

from fastapi import Depends, Query
from fastapi.responses import Response
from pydantic import Field, ValidationError

from services.intake import store, views
from services.intake.model import ErasePerson, RegisterParty
from services.intake.resources import IntakeRuntimeDep
from shared.contracts.values import Identifier, Value
from shared.errors import refuse
from shared.messaging.decision import Command
from shared.security import Credential, Role
from shared.validation import describe_validation
from shared.web.access import IdempotencyKey, Router, allow, answer_to
from shared.web.admission import BATCH_BYTES_MAX, takes_bytes
from shared.web.batches import Row, answer_rows

router = Router()

BATCH_ROWS_MAX = 500

Registrar = Annotated[
    Credential,
    Depends(allow(Role.COLLECTOR, Role.DONOR_PARTNER, Role.OPERATOR, Role.CHANNEL, Role.SERVICE)),
]
Operator = Annotated[Credential, Depends(allow(Role.OPERATOR))]
Auditor = Annotated[Credential, Depends(allow(Role.AUDITOR, whole_city=True))]
OwnService = Annotated[Credential, Depends(allow(Role.SERVICE))]


class PartyRow(Value):
    """party: as in `POST /parties`; checked one by one, so that one does not hold the others."""

    idempotency_key: Annotated[str, Field(pattern=r"^[\x21-\x7e]{1,200}$")]
    party: dict[str, Any]


class ContactsQuery(Value):
    purpose: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
    person_ids: Annotated[tuple[Identifier, ...], Field(max_length=500)]


# --- parties ----------------------------------------------------------------------------------


@router.post("/parties", status_code=201)
async def register_party(
    party: RegisterParty, caller: Registrar, runtime: IntakeRuntimeDep, key: IdempotencyKey
) -> Response:
    """Keeps a donor's or another party's contact; the same phone is always the same id."""
    return await answer_to(runtime, caller, party, key)


@router.post("/parties/batch")
@takes_bytes(BATCH_BYTES_MAX)
async def register_parties(
    rows: Annotated[list[PartyRow], Field(max_length=BATCH_ROWS_MAX)],
    caller: Registrar,
    runtime: IntakeRuntimeDep,
) -> dict[str, Any]:
    """Each party's own answer, in order: its person_id, or its problems."""
    return await answer_rows(runtime.processor, [_parse_row(row, caller) for row in rows])


def _parse_row(row: PartyRow, caller: Credential) -> Row:
    identity = {"idempotency_key": row.idempotency_key}
    key = f"{caller.speaks_as}|{row.idempotency_key}"
    try:
        party = RegisterParty.model_validate(row.party)
    except ValidationError as error:
        return Row(identity, refuse(422, *describe_validation(error)))
    return Row(identity, Command(party, key=key, principal=caller.principal))


# --- persons ----------------------------------------------------------------------------------


@router.post("/persons/{person_id}/erase")
async def erase_person(
    person_id: Identifier, caller: Operator, runtime: IntakeRuntimeDep, key: IdempotencyKey
) -> Response:
    """Drops the keys of everything personal; ids and figures stay as they are."""
    return await answer_to(runtime, caller, ErasePerson(person_id=person_id), key)


@router.post("/internal/contacts")
async def read_contacts(
    query: ContactsQuery, caller: OwnService, runtime: IntakeRuntimeDep
) -> dict[str, Any]:
    """For the moment of sending: nobody keeps the answer, and every look is logged first."""
    at = await runtime.processor.now()
    await store.log_access(runtime.database, caller, query.purpose, query.person_ids, at)
    persons = await store.find_persons(runtime.database, query.person_ids)
    vault = runtime.resources.vault
    return {
        "contacts": [
            views.describe_contact(vault, id_, persons.get(id_)) for id_ in query.person_ids
        ]
    }


@router.post("/internal/names")
async def read_names(
    query: ContactsQuery, caller: OwnService, runtime: IntakeRuntimeDep
) -> dict[str, Any]:
    """Of donors who consent that it is shown; logged like a contact, and apart from it."""
    at = await runtime.processor.now()
    await store.log_access(runtime.database, caller, query.purpose, query.person_ids, at)
    persons = await store.find_persons(runtime.database, query.person_ids)
    vault = runtime.resources.vault
    return {
        "names": [views.describe_name(vault, id_, persons.get(id_)) for id_ in query.person_ids]
    }


# --- who looked -------------------------------------------------------------------------------


@router.get("/vault-access")
async def list_vault_access(
    _caller: Auditor,
    runtime: IntakeRuntimeDep,
    person_id: Identifier | None = None,
    after: Annotated[str, Query(pattern=r"^([0-9a-f]{24})?$")] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> dict[str, Any]:
    """Who looked at whose data, when and what for, oldest first; `next` as in `GET /requests`."""
    looks = await store.list_looks(runtime.database, person_id, after, limit)
    following = looks[-1].id if len(looks) == limit else None
    return {"looks": [views.describe_look(look) for look in looks], "next": following}
