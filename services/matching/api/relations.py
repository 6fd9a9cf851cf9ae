"""HTTP for a fund's related parties (利害关系人): declared by one, checked by another."""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse, Response

from services.matching import views
from services.matching.model.relations import (
    CheckRelation,
    DeclareRelation,
    Tie,
    WithdrawRelation,
)
from shared.contracts.values import Identifier, Value
from shared.security import Credential, Role
from shared.web.access import IdempotencyKey, RuntimeDep, allow, answer_to

router = APIRouter(tags=["relations"])

Maker = Annotated[Credential, Depends(allow(Role.FINANCE_MAKER))]
Checker = Annotated[Credential, Depends(allow(Role.FINANCE_CHECKER))]
Reader = Annotated[
    Credential,
    Depends(allow(Role.FINANCE_MAKER, Role.FINANCE_CHECKER, Role.AUDITOR, Role.OPERATOR)),
]


class Declaration(Value):
    person_id: Identifier
    tie: Tie


class Person(Value):
    person_id: Identifier


class Verdict(Value):
    person_id: Identifier
    approve: bool


@router.get("/funds/{fund_id}/relations")
async def read_relations(fund_id: Identifier, caller: Reader, runtime: RuntimeDep) -> Response:  # noqa: ARG001
    """Whoever is declared, and what of the fund is on its way to them nevertheless."""
    return JSONResponse(await views.relations_of(runtime.database, fund_id))


@router.post("/funds/{fund_id}/relations", status_code=201)
async def declare(
    fund_id: Identifier,
    body: Declaration,
    caller: Maker,
    runtime: RuntimeDep,
    key: IdempotencyKey,
) -> Response:
    """Nothing is proposed to that person from now on; another has to check it."""
    command = DeclareRelation(fund_id=fund_id, person_id=body.person_id, tie=body.tie)
    return await answer_to(runtime, caller, command, key)


@router.post("/funds/{fund_id}/relations/withdraw")
async def withdraw(
    fund_id: Identifier, body: Person, caller: Maker, runtime: RuntimeDep, key: IdempotencyKey
) -> Response:
    """It is to end: it holds until another has checked it."""
    command = WithdrawRelation(fund_id=fund_id, person_id=body.person_id)
    return await answer_to(runtime, caller, command, key)


@router.post("/funds/{fund_id}/relations/check")
async def check(
    fund_id: Identifier, body: Verdict, caller: Checker, runtime: RuntimeDep, key: IdempotencyKey
) -> Response:
    command = CheckRelation(fund_id=fund_id, person_id=body.person_id, approve=body.approve)
    return await answer_to(runtime, caller, command, key)
