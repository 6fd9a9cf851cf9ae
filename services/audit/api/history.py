"""What the books say of a request's way, for the page of the case: sums, no donor."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

from fastapi import Depends

from services.audit.model import Commitment, Payable
from shared import mongo
from shared.contracts.history import HISTORY_PATH, History, HistoryQuery, Part
from shared.money import format_yuan
from shared.security import Credential, Role
from shared.web.access import Router, RuntimeDep, allow

router = Router(include_in_schema=False)
OwnService = Annotated[Credential, Depends(allow(Role.SERVICE))]


@router.post(HISTORY_PATH)
async def read_history(query: HistoryQuery, _caller: OwnService, runtime: RuntimeDep) -> History:
    commitments = await mongo.find(
        runtime.database,
        Commitment,
        {"_id": {"$in": list(query.match_ids)}},
        sort=[("_id", 1)],
        limit=len(query.match_ids) or 1,
    )
    own = (each for each in commitments if each.request_id in ("", query.request_id))
    payables = {
        each.id: each
        for each in await mongo.find(
            runtime.database, Payable, {"_id": {"$in": list(query.match_ids)}}
        )
    }
    return History(
        parts=tuple(part for each in own for part in list_parts(each, payables.get(each.id)))
    )


def list_parts(commitment: Commitment, payable: Payable | None = None) -> Iterator[Part]:
    """Of one that was refused there is no entry."""
    at = commitment.moved_at.get
    if commitment.entry is None:
        yield _say(
            commitment.refused_at,
            "基金未能安排此笔款项",
            "the fund could not set this money aside",
            is_wrong=True,
        )
        return
    number = f"#{commitment.entry}"
    reserved, paid = (
        format_yuan(fen) for fen in (commitment.reserved_fen, commitment.disbursed_fen)
    )
    yield _say(
        at("reserved_fen"),
        f"已为其预留 {reserved} 元，公开账本 {number}",
        f"CNY {reserved} set aside, {number}",
    )
    if commitment.disbursed_fen:
        yield _say(at("disbursed_fen"), f"已拨付 {paid} 元", f"CNY {paid} paid")
    if payable is not None:
        yield from _list_payable_parts(payable)
    if commitment.released_fen:
        released = format_yuan(commitment.released_fen)
        yield _say(
            at("released_fen"), f"已退回基金 {released} 元", f"CNY {released} back to the fund"
        )


def _list_payable_parts(payable: Payable) -> Iterator[Part]:
    """Both: that it is due, and that a bank has paid."""
    at = payable.moved_at.get
    if payable.obligated_fen:
        due, number = format_yuan(payable.obligated_fen), f"#{payable.entry}"
        yield _say(
            at("obligated_fen"), f"确认应付 {due} 元，公开账本 {number}", f"CNY {due} due, {number}"
        )
    if payable.paid_fen:
        paid = format_yuan(payable.paid_fen)
        yield _say(at("paid_fen"), f"银行已付款 {paid} 元", f"CNY {paid} paid by the bank")
    if payable.returned_fen:
        returned = format_yuan(payable.returned_fen)
        yield _say(
            at("returned_fen"),
            f"银行退回 {returned} 元，将再付",
            f"CNY {returned} came back",
            is_wrong=True,
        )


def _say(at: datetime | None, zh: str, en: str, *, is_wrong: bool = False) -> Part:
    """at: None of what moved before its time was noted."""
    return Part(at=at, service="audit", zh=zh, en=en, is_wrong=is_wrong)
