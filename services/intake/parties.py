"""HTTP for those who register donors and other parties: one, or many at a time."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import Response
from pydantic import Field, ValidationError

from services.intake.model import RegisterParty
from shared.contracts.values import Value
from shared.errors import Invalid
from shared.messaging.decision import Command
from shared.security import Credential, Role
from shared.validation import describe_validation
from shared.web.access import IdempotencyKey, RuntimeDep, allow, answer_to
from shared.web.batches import Row, answer_rows

router = APIRouter()

BATCH_MAX = 500

Registrar = Annotated[
    Credential,
    Depends(allow(Role.COLLECTOR, Role.DONOR_PARTNER, Role.OPERATOR, Role.CHANNEL, Role.SERVICE)),
]


class BatchParty(Value):
    """party: as in `POST /parties`; checked one by one, so that one does not hold the others."""

    idempotency_key: Annotated[str, Field(pattern=r"^[\x21-\x7e]{1,200}$")]
    party: dict[str, Any]


@router.post("/parties", status_code=201)
async def register_party(
    party: RegisterParty, caller: Registrar, runtime: RuntimeDep, key: IdempotencyKey
) -> Response:
    """Keeps a donor's or another party's contact; the same phone is always the same id."""
    return await answer_to(runtime, caller, party, key)


@router.post("/parties/batch")
async def register_parties(
    rows: Annotated[list[BatchParty], Field(max_length=BATCH_MAX)],
    caller: Registrar,
    runtime: RuntimeDep,
) -> dict[str, Any]:
    """Each party's own answer, in order: its person_id, or its problems."""
    return await answer_rows(runtime.processor, [_make_row(row, caller) for row in rows])


def _make_row(row: BatchParty, caller: Credential) -> Row:
    identity = {"idempotency_key": row.idempotency_key}
    try:
        party = RegisterParty.model_validate(row.party)
    except ValidationError as error:
        return Row(identity, Invalid(*describe_validation(error)))
    key = f"{caller.speaks_as}|{row.idempotency_key}"
    return Row(identity, Command(party, key=key, principal=caller.id))
