"""A mistake is undone by an entry that mirrors it: by two people, once, while its year runs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from services.audit import messages
from services.audit.decide.mandates import count_commitment, count_contribution
from services.audit.decide.payments import join, settle_reversed
from services.audit.decide.posting import Journal, find_counters
from services.audit.decide.proposals import require_open
from services.audit.decide.vouchers import find_flaw, reopen_line
from services.audit.ledger import entries
from services.audit.ledger.canonical import NotCanonicalError, parse_entry
from services.audit.ledger.kinds import kind_of
from services.audit.ledger.movements import amount_of
from services.audit.model import (
    ApproveReversal,
    Commitment,
    CountedState,
    Donation,
    Fund,
    LogHead,
    Payable,
    ProposeReversal,
    Reversal,
    Stock,
    derive_reversal_id,
    derive_stock_id,
)
from shared.answers import Answer
from shared.contracts.events import LedgerReversed
from shared.contracts.ledger import LedgerEntry
from shared.contracts.ledger_fields import GoodsLeg, Leg
from shared.contracts.values import format_yuan
from shared.messaging.decision import Command, Decision, Ref, State, States


def decide_propose_reversal(
    states: States, command: Command[ProposeReversal], now: datetime
) -> Decision:
    """Raises Invalid: no entry, or one that moved nothing, or is undone by nothing."""
    proposal = command.data
    fund_id = _parse_reversible(proposal)["legs"][0]["fund"]
    existing, fund = states.get_each(
        (Reversal, derive_reversal_id(proposal.log, proposal.index)), (Fund, fund_id)
    )
    if existing is not None and existing.state != "declined":
        return Decision(answer=messages.REVERSAL_EXISTS.refusal(409, "index", state=existing.state))
    if fund is None or not _is_written(states, fund.foundation, proposal.log, now):
        return Decision(answer=messages.YEAR_CLOSED.refusal(409, "log"))
    if flaw := find_flaw(states, proposal.attachment):
        return Decision(answer=flaw)
    reversal = Reversal(
        id=derive_reversal_id(proposal.log, proposal.index),
        maker=command.principal,
        reference=proposal.reference,
        voucher=proposal.voucher,
        attachment=proposal.attachment,
        foundation=fund.foundation,
        reverses_log=proposal.log,
        reverses=proposal.index,
        fund_id=fund.id,
        leaf=proposal.leaf,
    )
    return Decision((reversal,), answer=Answer(202, reversal.to_json()))


@require_open(Reversal)
def decide_approve_reversal(
    states: States, command: Command[ApproveReversal], now: datetime, reversal: Reversal
) -> Decision:
    original = parse_entry(reversal.leaf.encode())
    moves = _list_moves(original)
    states.prefetch(Ref(LogHead, reversal.foundation), *(move.ref for move in moves))
    if not _is_written(states, reversal.foundation, reversal.reverses_log, now):
        return Decision(answer=messages.YEAR_CLOSED.refusal(409, "log"))
    undone = _undo(states, moves, original["kind"], now)
    if isinstance(undone, Answer):
        return Decision(answer=undone)
    journal = Journal.open(states, reversal.foundation, now)
    journal.save(*undone)
    _uncount(states, journal, original, undone)
    journal.save(*reopen_line(states, original))
    approved = reversal.resolve("approved", command.principal)
    draft = entries.draft_reversal(
        journal.make_fact("reversal", reversal.id), original, approved.authorisation
    )
    paid = _find_paid(original)
    fields = {"fund_id": reversal.fund_id, "reverses": reversal.reverses, **paid}
    done = journal.record(draft, approved, LedgerReversed, **fields)
    journals = {reversal.foundation: journal}
    if paid:
        commitment = journal.find_newest(states.require(Commitment, original["subject"]))
        settle_reversed(states, commitment, amount_of(original["legs"][0])[1], journals)
    del journals[reversal.foundation]
    return join(journal.close(Answer(200, done.to_json())), journals)


def _find_paid(entry: LedgerEntry) -> dict[str, object]:
    """Whose payment it was, or what was due to whom, as the event has it; nothing of another
    entry."""
    if entry["kind"] not in ("disbursement", "obligation"):
        return {}
    return {"match_id": entry["subject"], "amount_fen": amount_of(entry["legs"][0])[1]}


def _parse_reversible(proposal: ProposeReversal) -> LedgerEntry:
    try:
        entry = parse_entry(proposal.leaf.encode())
    except NotCanonicalError:
        raise messages.ENTRY_UNREADABLE.invalid("leaf") from None
    if not _list_moves(entry):
        raise messages.ENTRY_NOT_REVERSIBLE.invalid("index", kind=entry["kind"])
    return entry


def _is_written(states: States, foundation: str, log: str, now: datetime) -> bool:
    """Whether that log still grows."""
    return states.require(LogHead, foundation).begin_year(now).origin == log


# --- what an entry moved, and how it stands without it -------------------------------------------


@dataclass(frozen=True, slots=True)
class Move:
    """So much that an entry added to a counter of an aggregate."""

    ref: Ref[CountedState]
    counter: str
    amount: int


GIFTS = ("donation_received", "goods_received")


def _list_moves(entry: LedgerEntry) -> list[Move]:
    """As the entry's kind says; none where it cannot be undone (openings, what was brought
    forward, refusals, reversals). The legs of a kind's parts follow one another."""
    kind = kind_of(entry)
    if not kind.reversible:
        return []
    _, amount = amount_of(entry["legs"][0])
    moves: list[Move] = []
    legs: Iterator[Leg | GoodsLeg] = iter(entry["legs"])
    for part in kind.parts:
        leg, *_ = islice(legs, 2 * len(part.pairs))
        moves += [
            Move(Ref(state, _find_id(state, entry, leg)), counter, part.sign * amount)
            for state, counter in find_counters(kind).items()
        ]
    if kind.name in GIFTS:  # the entry made the donation, and added nothing to it
        moves.insert(0, Move(Ref(Donation, entry["subject"]), "refunded_fen", 0))
    return moves


def _find_id(state: type[CountedState], entry: LedgerEntry, leg: Leg | GoodsLeg) -> str:
    if state is Fund:
        return leg["fund"]
    goods, _ = amount_of(leg)
    return (
        derive_stock_id(leg["fund"], goods.item, goods.unit) if state is Stock else entry["subject"]
    )


def _undo(states: States, moves: Sequence[Move], kind: str, now: datetime) -> list[State] | Answer:
    """The aggregates without an entry of this kind, or why it cannot be undone."""
    undone: list[State] = []
    for move in moves:
        state = states.require(move.ref.state, move.ref.id)
        if kind in GIFTS and isinstance(state, Donation) and state.refunded_fen:
            return messages.GIFT_REFUNDED.refusal(409)
        if isinstance(state, Payable) and state.order_id and state.owed_fen:
            return messages.PAYABLE_ORDERED.refusal(409, id=state.id, order=state.order_id)
        if not state.can_add(move.counter, -move.amount):
            return _explain(state)
        undone.append(_unmake(state.add(move.counter, -move.amount, now), kind))
    return undone


def _uncount(
    states: States, journal: Journal, original: LedgerEntry, undone: Sequence[State]
) -> None:
    """Takes what the entry counted off mandates and contributions."""
    kind, amount_fen = original["kind"], amount_of(original["legs"][0])[1]
    newest = journal.find_newest
    for state in undone:
        match state:
            case Commitment() if kind in ("commitment", "release"):
                sign = -1 if kind == "commitment" else 1
                counted = count_commitment(states, newest, state, sign * amount_fen)
                journal.save(*counted)
            case Donation() if state.is_money and kind in UNCOUNTED:
                amounts = {UNCOUNTED[kind]: -amount_fen}
                fund_id, donor_id = state.fund_id, state.donor_id
                journal.save(count_contribution(states, newest, fund_id, donor_id, **amounts))


UNCOUNTED = {"donation_received": "received_fen", "refund": "refunded_fen"}
"""By kind of entry, what it added to the donor's contribution."""


def _unmake(state: CountedState, kind: str) -> CountedState:
    """What an entry made is not there without it."""
    if kind in GIFTS and isinstance(state, Donation):
        return state.model_copy(update={"undone": True})
    if kind == "commitment" and isinstance(state, Commitment):
        return state.model_copy(update={"entry": None})
    return state


def _explain(state: CountedState) -> Answer:
    """Why no more can be taken off."""
    match state:
        case Fund():
            return messages.FUND_INSUFFICIENT.refusal(
                409, remaining=format_yuan(state.remaining_fen)
            )
        case Payable():
            return messages.PAYABLE_PAID.refusal(409, id=state.id)
        case Stock():
            return messages.STOCK_INSUFFICIENT.refusal(409, in_stock=state.in_stock)
        case _:
            return messages.COMMITMENT_SETTLED.refusal(409)
