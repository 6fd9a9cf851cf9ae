"""HTTP for a fund's related parties (利害关系人): declared by one, checked by another."""

from typing import Annotated

from fastapi import Depends
from fastapi.responses import JSONResponse, Response
from pydantic import Field

from services.matching import views
from services.matching.model.labels import Tie
from services.matching.model.relations import (
    CheckRelation,
    ClearNamesake,
    DeclareRelation,
    WithdrawRelation,
)
from shared.contracts.values import Identifier, ShortText, Value
from shared.security import Credential, Role
from shared.web.access import IdempotencyKey, Router, RuntimeDep, allow, answer_to

router = Router(tags=["relations"])

# A fund has no area.
MakerCaller = Annotated[Credential, Depends(allow(Role.FINANCE_MAKER, whole_city=True))]
CheckerCaller = Annotated[Credential, Depends(allow(Role.FINANCE_CHECKER, whole_city=True))]
EitherCaller = Annotated[
    Credential, Depends(allow(Role.FINANCE_MAKER, Role.FINANCE_CHECKER, whole_city=True))
]
FinanceCaller = Annotated[
    Credential,
    Depends(
        allow(
            *(Role.FINANCE_MAKER, Role.FINANCE_CHECKER, Role.AUDITOR, Role.OPERATOR),
            whole_city=True,
        )
    ),
]


class RelationDeclaration(Value):
    person_id: Identifier
    tie: Tie


class RelationEnd(Value):
    person_id: Identifier


class RelationCheck(Value):
    person_id: Identifier
    approve: bool


class NamesakeClearance(Value):
    """reason: what shows that it is another person."""

    person_id: Identifier
    reason: Annotated[ShortText, Field(pattern=r"\S")]


@router.get("/funds/{fund_id}/relations")
async def read_relations(
    fund_id: Identifier,
    caller: FinanceCaller,  # noqa: ARG001
    runtime: RuntimeDep,
) -> Response:
    """Whoever is declared, and what of the fund is on its way to them nevertheless."""
    return JSONResponse(await views.load_relations(runtime.database, fund_id))


@router.post("/funds/{fund_id}/relations", status_code=201)
async def declare_relation(
    fund_id: Identifier,
    body: RelationDeclaration,
    caller: MakerCaller,
    runtime: RuntimeDep,
    key: IdempotencyKey,
) -> Response:
    """Nothing is proposed to that person from now on; another has to check it."""
    command = DeclareRelation(fund_id=fund_id, person_id=body.person_id, tie=body.tie)
    return await answer_to(runtime, caller, command, key)


@router.post("/funds/{fund_id}/relations/withdraw")
async def withdraw_relation(
    fund_id: Identifier,
    body: RelationEnd,
    caller: MakerCaller,
    runtime: RuntimeDep,
    key: IdempotencyKey,
) -> Response:
    """It is to end: it holds until another has checked it."""
    command = WithdrawRelation(fund_id=fund_id, person_id=body.person_id)
    return await answer_to(runtime, caller, command, key)


@router.post("/funds/{fund_id}/relations/check")
async def check_relation(
    fund_id: Identifier,
    body: RelationCheck,
    caller: CheckerCaller,
    runtime: RuntimeDep,
    key: IdempotencyKey,
) -> Response:
    command = CheckRelation(fund_id=fund_id, person_id=body.person_id, approve=body.approve)
    return await answer_to(runtime, caller, command, key)


@router.post("/funds/{fund_id}/relations/clear")
async def clear_namesake(
    fund_id: Identifier,
    body: NamesakeClearance,
    caller: EitherCaller,
    runtime: RuntimeDep,
    key: IdempotencyKey,
) -> Response:
    """This person is not the related party who is called the same: the donor may accept."""
    command = ClearNamesake(fund_id=fund_id, person_id=body.person_id, reason=body.reason)
    return await answer_to(runtime, caller, command, key)
