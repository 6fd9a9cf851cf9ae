"""What it takes to undo an entry: which aggregates it moved, and how they stand without it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar, cast

from services.audit.model import Commitment, Donation, Fund, Stock, stock_id
from shared.contracts.ledger import GoodsLeg, LedgerEntry, Leg
from shared.messaging.decision import Answer, AnyRef, Ref, State, States, refusal

S = TypeVar("S", bound=State)


@dataclass(frozen=True, slots=True)
class Undone:
    """The aggregates without the entry."""

    states: tuple[State, ...]


def named_by(entry: LedgerEntry) -> tuple[AnyRef, ...]:
    """The aggregates an entry moved; none where it cannot be undone (openings, what was carried,
    refusals, reversals)."""
    if entry["kind"] not in _UNDOING:
        return ()
    funds = tuple(Ref(Fund, fund) for fund in sorted({leg["fund"] for leg in entry["legs"]}))
    match entry["kind"]:
        case "donation_received" | "refund":
            return *funds, Ref(Donation, entry["subject"])
        case "commitment" | "disbursement" | "release":
            return *funds, Ref(Commitment, entry["subject"])
        case "goods_received":
            return *funds, Ref(Stock, _stock(entry)), Ref(Donation, entry["subject"])
        case "goods_distributed":
            return *funds, Ref(Stock, _stock(entry))
    return funds


def undo(states: States, entry: LedgerEntry) -> Undone | Answer:
    """Or why it cannot be done."""
    return _UNDOING[entry["kind"]](states, entry)


def _gift(states: States, entry: LedgerEntry) -> Undone | Answer:
    fund, gift, amount = _fund(states, entry), _named(states, Donation, entry), _amount(entry)
    if gift.refunded_fen:
        return _no("gift_refunded", "该捐赠已退款", "a part of this gift was refunded")
    if fund.remaining_fen < amount:
        return _too_little(fund.remaining_fen)
    undone = gift.model_copy(update={"undone": True})
    return Undone((fund.plus(received_fen=-amount), undone))


def _refund(states: States, entry: LedgerEntry) -> Undone | Answer:
    fund, gift, amount = _fund(states, entry), _named(states, Donation, entry), _amount(entry)
    more = gift.model_copy(update={"refunded_fen": gift.refunded_fen - amount})
    return Undone((fund.plus(refunded_fen=-amount), more))


def _commitment(states: States, entry: LedgerEntry) -> Undone | Answer:
    fund, kept, amount = _fund(states, entry), _named(states, Commitment, entry), _amount(entry)
    if kept.outstanding_fen < amount:
        return _no("commitment_settled", "该承诺已结清", "this commitment was settled")
    undone = kept.plus(reserved_fen=-amount).model_copy(update={"entry": None})
    return Undone((fund.plus(committed_fen=-amount), undone))


def _disbursement(states: States, entry: LedgerEntry) -> Undone | Answer:
    fund, kept, amount = _fund(states, entry), _named(states, Commitment, entry), _amount(entry)
    return Undone((fund.plus(disbursed_fen=-amount), kept.plus(disbursed_fen=-amount)))


def _release(states: States, entry: LedgerEntry) -> Undone | Answer:
    fund, kept, amount = _fund(states, entry), _named(states, Commitment, entry), _amount(entry)
    if fund.remaining_fen < amount:
        return _too_little(fund.remaining_fen)
    return Undone((fund.plus(released_fen=-amount), kept.plus(released_fen=-amount)))


def _fee(states: States, entry: LedgerEntry) -> Undone | Answer:
    return Undone((_fund(states, entry).plus(fees_fen=-_amount(entry)),))


def _transfer(states: States, entry: LedgerEntry) -> Undone | Answer:
    """Its first legs are the giver's, its last the taker's."""
    giver, taker, amount = _fund(states, entry), _fund(states, entry, -1), _amount(entry)
    if taker.remaining_fen < amount:
        return _too_little(taker.remaining_fen)
    back = {"transferred_fen": amount}
    return Undone((giver.plus(**back), taker.plus(transferred_fen=-amount)))


def _goods_received(states: States, entry: LedgerEntry) -> Undone | Answer:
    stock, quantity = _stored(states, entry), _quantity(entry)
    if stock.in_stock < quantity:
        zh, en = f"库存仅 {stock.in_stock}", f"only {stock.in_stock} are in stock"
        return _no("insufficient_goods", zh, en)
    undone = _named(states, Donation, entry).model_copy(update={"undone": True})
    return Undone((stock.plus(received=-quantity), undone))


def _goods_distributed(states: States, entry: LedgerEntry) -> Undone | Answer:
    return Undone((_stored(states, entry).plus(distributed=-_quantity(entry)),))


_UNDOING: dict[str, Callable[[States, LedgerEntry], Undone | Answer]] = {
    "donation_received": _gift,
    "refund": _refund,
    "commitment": _commitment,
    "disbursement": _disbursement,
    "release": _release,
    "management_fee": _fee,
    "transfer": _transfer,
    "goods_received": _goods_received,
    "goods_distributed": _goods_distributed,
}


def _fund(states: States, entry: LedgerEntry, leg: int = 0) -> Fund:
    return _there(states, Fund, entry["legs"][leg]["fund"])


def _named(states: States, state: type[S], entry: LedgerEntry) -> S:
    return _there(states, state, entry["subject"])


def _stored(states: States, entry: LedgerEntry) -> Stock:
    return _there(states, Stock, _stock(entry))


def _there(states: States, state: type[S], id_: str) -> S:
    found = states.get(state, id_)
    assert found is not None, "an entry on the log moved it"
    return found


def _stock(entry: LedgerEntry) -> str:
    leg = cast(GoodsLeg, entry["legs"][0])
    return stock_id(leg["fund"], leg["item"], leg["unit"])


def _amount(entry: LedgerEntry) -> int:
    return cast(Leg, entry["legs"][0])["amount_fen"]


def _quantity(entry: LedgerEntry) -> int:
    return cast(GoodsLeg, entry["legs"][0])["quantity"]


def _too_little(remaining_fen: int) -> Answer:
    zh, en = f"该基金可用仅 {remaining_fen} 分", f"only {remaining_fen} fen are left in the fund"
    return _no("insufficient_funds", zh, en)


def _no(code: str, zh: str, en: str) -> Answer:
    return refusal(409, code, zh, en)
