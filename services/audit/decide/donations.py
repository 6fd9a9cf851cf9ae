"""A gift arrived: it is entered once, or refused once."""

import hashlib
from datetime import UTC, datetime
from typing import Any

from services.audit.decide.leaves import Leaf, append_leaf, refused
from services.audit.log import entry as entries
from services.audit.model import RECEIVED_FEN_MAX, Donation, Fund
from shared.contracts import ledger
from shared.contracts.envelope import Event
from shared.contracts.events import (
    DonationReceived,
    LedgerReceived,
    LedgerRefused,
    RefusedReason,
)
from shared.errors import Invalid
from shared.ids import derived_id
from shared.messaging.decision import NOTHING, Decision, States

Gift = Event[DonationReceived]

FOREIGN_ID_MAX = 200
"""An entry's ids hold 256 characters; one that is reused gets a number."""


def donation_id(event: Gift) -> str:
    return derived_id("D", event.source, event.id)


def decide_donation(states: States, event: Gift, now: datetime) -> Decision:
    _check_foreign(event)
    known = states.get(Donation, donation_id(event))
    if known is not None:
        return _again(states, event, known, now)
    fund = states.get(Fund, event.data.fund_id)
    if fund is None or not fund.is_open:
        return _refuse(states, event, now)
    return _receive(states, event, fund, now)


def _receive(states: States, event: Gift, fund: Fund, now: datetime) -> Decision:
    amount = event.data.amount_fen
    _check_countable(fund, amount)
    leaf = append_leaf(states, entries.donation_received(_fact(event), fund.id, amount), now)
    donation = _donation(event, leaf, was_refused=False)
    told = leaf.told(LedgerReceived, **_said(event.data))
    return leaf.decided(donation, fund.plus(received_fen=amount), events=((donation, told),))


def _refuse(states: States, event: Gift, now: datetime) -> Decision:
    leaf = append_leaf(states, entries.refusal(_fact(event), _refused(event, "unknown_fund")), now)
    donation = _donation(event, leaf, was_refused=True)
    told = _told_refused(event, leaf, "unknown_fund")
    return leaf.decided(donation, events=((donation, told),))


def _again(states: States, event: Gift, known: Donation, now: datetime) -> Decision:
    """The same content is a repetition; other content under a used id is refused, once, aloud."""
    digest = _digest(event.data)
    if digest in known.digests:
        return NOTHING
    fact = _fact(event, suffix=f"#{len(known.digests) + 1}")
    leaf = append_leaf(states, entries.refusal(fact, _refused(event, "id_reused")), now)
    marked = known.model_copy(update={"digests": (*known.digests, digest)})
    told = _told_refused(event, leaf, "id_reused")
    return leaf.decided(marked, events=((marked, told),))


def _told_refused(event: Gift, leaf: Leaf, reason: RefusedReason) -> LedgerRefused:
    why: dict[str, Any] = {"reason": reason, "available_fen": 0}
    return leaf.told(LedgerRefused, **_said(event.data), **why)


def _donation(event: Gift, leaf: Leaf, *, was_refused: bool) -> Donation:
    return Donation(
        id=donation_id(event),
        **_said(event.data),
        entry=leaf.index,
        refused=was_refused,
        digests=(_digest(event.data),),
    )


def _fact(event: Gift, suffix: str = "") -> entries.Fact:
    named: ledger.Event = {"id": event.id + suffix, "source": event.source}
    return entries.Fact(named, donation_id(event), event.data.received_at)


def _refused(event: Gift, code: str) -> ledger.Refused:
    return refused("donation_received", code, event.data.amount_fen, event.data.fund_id)


def _said(gift: DonationReceived) -> dict[str, Any]:
    return {"fund_id": gift.fund_id, "amount_fen": gift.amount_fen, "donor_id": gift.donor_id}


def _digest(gift: DonationReceived) -> bytes:
    """Of what it says, however its time zone was written."""
    same = gift.model_copy(update={"received_at": gift.received_at.astimezone(UTC)})
    return hashlib.sha256(same.model_dump_json().encode()).digest()


def _check_foreign(event: Gift) -> None:
    """What a bank may send and an entry cannot hold."""
    if len(event.id) > FOREIGN_ID_MAX:
        raise Invalid.of("id_too_long", "id 过长", f"at most {FOREIGN_ID_MAX} characters", "id")
    at = event.data.received_at
    if at.tzinfo is None or not 1900 <= at.year < 9000:
        raise Invalid.of(
            "received_at_unclear",
            "到账时间须带时区且年份合理",
            "the time of receipt needs a time zone and a plausible year",
            "data.received_at",
        )


def _check_countable(fund: Fund, amount_fen: int) -> None:
    if fund.received_fen + amount_fen > RECEIVED_FEN_MAX:
        raise Invalid.of(
            "amount_too_large",
            "金额超出账本可表示的范围",
            "more than the ledger can count",
            "data.amount_fen",
        )
