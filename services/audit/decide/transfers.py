"""Money moves between two funds of one foundation: by two people, with the document it needs."""

from datetime import datetime
from typing import Any

from services.audit.decide.carrying import carried_fund
from services.audit.decide.two_people import decline, why_not_decide
from services.audit.decide.writing import Writer
from services.audit.ledger import entries
from services.audit.model import (
    ApproveTransfer,
    DeclineTransfer,
    Fund,
    LogHead,
    ProposeTransfer,
    Transfer,
    shown,
)
from shared.contracts.events import LedgerTransferred
from shared.ids import derived_id
from shared.messaging.decision import Answer, AnyRef, Command, Decision, Ref, States, refusal


def transfer_id(command: Command[ProposeTransfer]) -> str:
    """The same request of the same person is the same transfer."""
    return derived_id("T", command.key)


def touches_propose(command: Command[ProposeTransfer]) -> tuple[AnyRef, ...]:
    asked = command.data
    funds = (Ref(Fund, asked.from_fund_id), Ref(Fund, asked.to_fund_id))
    return (Ref(Transfer, transfer_id(command)), *funds)


def decide_propose(
    states: States,
    command: Command[ProposeTransfer],
    now: datetime,  # noqa: ARG001
) -> Decision:
    asked = command.data
    giver, taker = states.get(Fund, asked.from_fund_id), states.get(Fund, asked.to_fund_id)
    why_not = _why_not(giver, taker, asked.amount_fen)
    if why_not is not None or giver is None:
        return Decision(answer=why_not)
    transfer = Transfer(
        id=transfer_id(command),
        maker=command.principal,
        foundation=giver.foundation,
        **asked.model_dump(),
    )
    return Decision((transfer,), answer=Answer(202, shown(transfer)))


def touches(command: Command[Any]) -> tuple[AnyRef, ...]:
    return (Ref(Transfer, command.data.transfer_id),)


def follow(states: States, command: Command[ApproveTransfer]) -> tuple[AnyRef, ...]:
    transfer = states.get(Transfer, command.data.transfer_id)
    if transfer is None:
        return ()
    funds = (Ref(Fund, transfer.from_fund_id), Ref(Fund, transfer.to_fund_id))
    return (Ref(LogHead, transfer.foundation), *funds)


def decide_approve(states: States, command: Command[ApproveTransfer], now: datetime) -> Decision:
    transfer = states.get(Transfer, command.data.transfer_id)
    why_not = why_not_decide(transfer, command.principal, "划转", "transfer")
    if why_not is not None or transfer is None:
        return Decision(answer=why_not)
    giver = states.get(Fund, transfer.from_fund_id)
    taker = states.get(Fund, transfer.to_fund_id)
    why_not = _why_not(giver, taker, transfer.amount_fen)
    if why_not is not None or giver is None or taker is None:
        return Decision(answer=why_not)
    approved = transfer.decided("approved", command.principal)
    return _move(Writer.of(states, transfer.foundation, now), approved, giver, taker)


def _move(writer: Writer, transfer: Transfer, giver: Fund, taker: Fund) -> Decision:
    giver, taker = carried_fund(writer, giver), carried_fund(writer, taker)
    amount, fact = transfer.amount_fen, writer.here("transfer", transfer.id)
    draft = entries.transfer(fact, giver.ref, taker.ref, amount, transfer.authorisation())
    leaf = writer.append(draft)
    told = leaf.told(LedgerTransferred, fund_id=giver.id, to_fund_id=taker.id, amount_fen=amount)
    done = transfer.model_copy(update=leaf.place)
    writer.tell(done, told)
    writer.keep(giver.plus(transferred_fen=-amount), taker.plus(transferred_fen=amount))
    return writer.decision(answer=Answer(200, shown(done)))


def decide_decline(
    states: States,
    command: Command[DeclineTransfer],
    now: datetime,  # noqa: ARG001
) -> Decision:
    known = states.get(Transfer, command.data.transfer_id)
    return decline(known, command.principal, "划转", "transfer", shown)


def _why_not(giver: Fund | None, taker: Fund | None, amount_fen: int) -> Answer | None:
    for fund, field in ((giver, "from_fund_id"), (taker, "to_fund_id")):
        if fund is None or not fund.is_open:
            return refusal(404, "fund_unknown", "没有这个基金", "there is no such open fund", field)
    assert giver is not None
    assert taker is not None
    if giver.id == taker.id or giver.foundation != taker.foundation:
        return refusal(
            409,
            "not_between_two_funds",
            "只能在同一基金会的两个基金之间划转",
            "only between two funds of one foundation",
        )
    if giver.remaining_fen < amount_fen or not taker.can_count(amount_fen):
        zh = f"该基金可用 {giver.remaining_fen} 分"
        return refusal(409, "insufficient_funds", zh, f"{giver.remaining_fen} fen are left")
    return None
