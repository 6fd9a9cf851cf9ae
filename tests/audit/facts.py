"""Facts as banks, partners and matching send them to audit."""

from datetime import UTC, datetime
from typing import Any, Literal

from services.audit.model import (
    GENERAL_FUND,
)
from shared.contracts.envelope import Event, Fact
from shared.contracts.events import (
    BankLineStated,
    DonationReceived,
    DonationRefunded,
    FeeCharged,
    GoodsReceived,
    MatchAccepted,
    MatchConfirmed,
    MatchReleased,
    MatchReopened,
    PaymentMade,
    StatementRow,
)

NOW = datetime(2026, 1, 15, 8, tzinfo=UTC)
FUND = "NEW-YEAR"
BANK = "/partners/bank"
MATCHING = "/matching"
ACCOUNT_NUMBER = "6222021234567890123"
GOODS = {"item": "棉被", "unit": "床"}


def event(data: Fact, id_: str, subject: str = "", source: str = MATCHING) -> Event[Any]:
    return Event[Any].model_construct(
        id=id_,
        source=source,
        subject=subject,
        sequence=0,
        time=NOW,
        correlation_id="R-1",
        causation_id="",
        traceparent="",
        data=data,
    )


def gift(
    amount_fen: int,
    id_: str = "gift-1",
    *,
    fund: str = FUND,
    donor: str = "P-donor",
    listed: tuple[str, int] | None = None,
    designation: str = "",
) -> Event[Any]:
    """listed: statement and row."""
    data = DonationReceived(
        donor_id=donor,
        fund_id=fund,
        amount_fen=amount_fen,
        received_at=NOW,
        bank_reference=f"ref-{id_[:40]}",
        statement=StatementRow(statement=listed[0], row=listed[1]) if listed else None,
        designation=designation,
    )
    return event(data, id_, source=BANK)


def goods(
    quantity: int, id_: str = "goods-1", *, fund: str = FUND, received_at: datetime = NOW
) -> Event[Any]:
    data = GoodsReceived(
        donor_id="P-donor",
        fund_id=fund,
        quantity=quantity,
        received_at=received_at,
        reference=f"ref-{id_[:40]}",
        **GOODS,
    )
    return event(data, id_, source=BANK)


def payment(match_id: str, amount_fen: int, id_: str = "pay-1") -> Event[Any]:
    data = PaymentMade(match_id=match_id, amount_fen=amount_fen, paid_at=NOW, bank_reference="p")
    return event(data, id_, source=BANK)


def bank_line(
    reference: str,
    amount_fen: int,
    id_: str = "line-1",
    *,
    direction: Literal["paid", "returned"] = "paid",
    account: str = ACCOUNT_NUMBER,
    bank_reference: str = "ICBC-1",
    own_account: str = "",
) -> Event[Any]:
    """A line of the bank's statement; reference: what its 附言 says."""
    data = BankLineStated(
        direction=direction,
        memo=reference,
        amount_fen=amount_fen,
        at=NOW,
        bank_reference=bank_reference,
        account=account,
        own_account=own_account,
    )
    return event(data, id_, source=BANK)


def refund(donation: str, amount_fen: int, id_: str = "refund-1") -> Event[Any]:
    data = DonationRefunded(
        donation_id=donation, amount_fen=amount_fen, refunded_at=NOW, bank_reference="r"
    )
    return event(data, id_, source=BANK)


def fee(amount_fen: int, id_: str = "fee-1", *, fund: str = FUND) -> Event[Any]:
    data = FeeCharged(fund_id=fund, amount_fen=amount_fen, charged_at=NOW, bank_reference="f")
    return event(data, id_, source=BANK)


def mandate_id(fund: str | None) -> str:
    """Of the mandate that a test's donor has on this fund, see `give_mandate`."""
    return f"A-{fund or GENERAL_FUND}"


def match(
    amount: int, *, fund: str | None = FUND, unit: str = "fen", **more: Any
) -> dict[str, Any]:
    return {
        "request_id": "R-1",
        "offer_id": "O-1",
        "person_id": "P-1",
        "donor_id": "P-donor",
        "unit": unit,
        "quantity": amount,
        "fund_id": fund,
        "mandate_id": mandate_id(fund) if unit == "fen" else None,
        **more,
    }


def acceptance(id_: str, amount: int, **more: Any) -> Event[MatchAccepted]:
    return event(MatchAccepted(**match(amount, **_of(id_) | more)), f"{id_}:accepted", id_)


def confirmation(id_: str, amount: int, **more: Any) -> Event[MatchConfirmed]:
    return event(MatchConfirmed(**match(amount, **_of(id_) | more)), f"{id_}:confirmed", id_)


def release(id_: str, amount: int, **more: Any) -> Event[MatchReleased]:
    data = MatchReleased(reason="request_withdrawn", **match(amount, **_of(id_) | more))
    return event(data, f"{id_}:released", id_)


def reopening(id_: str, amount: int, **more: Any) -> Event[MatchReopened]:
    fields = match(amount, **_of(id_) | more)
    data = MatchReopened(was="confirmed", reason="没有收到", **fields)
    return event(data, f"{id_}:reopened", id_)


def _of(match_id: str) -> dict[str, str]:
    """Every match is of a request of its own, unless it says otherwise."""
    return {"request_id": f"R-{match_id}"}
