"""Inbound: foreign events, the only ones that may carry personal data."""

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.contracts import topics
from shared.contracts.envelope import Fact
from shared.contracts.values import (
    MONEY_UNIT,
    TEXT_MAX,
    Area,
    BeneficiaryClass,
    Category,
    Cell,
    Channel,
    DonorKind,
    Giving,
    Identifier,
    IdNumber,
    Item,
    Kind,
    Moment,
    Name,
    Need,
    Phone,
    PositiveFen,
    Quantity,
    ShortText,
    TownCode,
    Unit,
    Value,
    VillageCode,
    Whole,
)
from shared.phones import MOBILE
from shared.text import FOLDED
from shared.villages import NAMED_PLACE

ContactOwner = Literal["own", "family", "collector", "guardian"]


class Applicant(Value):
    """Who asks, or for whom it is asked. Goes into intake's vault and nowhere else.

    household: the number of his household (户号), where the channel knows it. id_number: of his ID
    card, 18 characters. contact_of: whose the phone is, where it may not be his own. born_on: where
    there is no ID number; it tells whether a guardian has to agree, and is not stored.
    """

    name: Name
    phone: Annotated[Phone, MOBILE] | None = None
    wechat_openid: Annotated[str, Field(pattern=r"^[\w-]{6,64}$")] | None = None
    # Left out where there is none: what was sent before is the same message still.
    household: Annotated[ShortText | None, Field(exclude_if=lambda number: number is None)] = None
    id_number: Annotated[IdNumber | None, Field(exclude_if=lambda number: number is None)] = None
    contact_of: Annotated[ContactOwner | None, Field(exclude_if=lambda whose: whose is None)] = None
    born_on: Annotated[date | None, Field(exclude_if=lambda day: day is None)] = None


class RequestSubmitted(Fact):
    TYPE: ClassVar[str] = "guanjia.request.submitted.v1"
    TOPIC: ClassVar[str] = topics.REQUESTS_INBOUND
    kind: Kind
    category: Category
    beneficiary_class: BeneficiaryClass
    channel: Channel
    need: Need
    area: Annotated[Area, NAMED_PLACE]
    applicant: Applicant
    text: Annotated[str, Field(max_length=TEXT_MAX)] = ""
    collector_id: Identifier | None = None


class OfferSubmitted(Fact):
    """What somebody is ready to give. Empty tuples mean any. `donor_id` comes from intake's vault.

    quantity: in `unit` (fen for money); cap_per_request: in the same unit. cases_max: how many
    requests it serves at a time. radius_km: around `base`. mode: `push` is proposed by us, `claim`
    taken from the menu by the donor. name_shown: he consents that those he helps see his name.
    mandate_id: on whose word; money needs one.
    """

    TYPE: ClassVar[str] = "guanjia.offer.submitted.v1"
    TOPIC: ClassVar[str] = topics.OFFERS_INBOUND
    donor_id: Identifier
    donor_kind: DonorKind | None = None
    giving: Giving | None = None
    unit: Unit
    quantity: Quantity
    item: Item = ""
    categories: tuple[Category, ...] = ()
    beneficiary_classes: tuple[BeneficiaryClass, ...] = ()
    town_codes: tuple[TownCode, ...] = ()
    village_codes: tuple[VillageCode, ...] = ()
    base: Cell | None = None
    radius_km: Annotated[Whole, Field(ge=1, le=500)] | None = None
    cap_per_request: Quantity | None = None
    cases_max: Annotated[Whole, Field(ge=1, le=100_000)] | None = None
    fund_id: Identifier | None = None
    mandate_id: Identifier | None = None
    campaign_id: Identifier | None = None
    valid_from: Moment | None = None
    valid_until: Moment | None = None
    mode: Literal["push", "claim", "both"] = "push"
    name_shown: bool = False

    @property
    def is_money(self) -> bool:
        return self.unit == MONEY_UNIT


Reference = Annotated[str, Field(min_length=1, max_length=100)]


# Left out where it is not said: what was sent before is the same message still.
OwnAccount = Annotated[str, Field(max_length=100, exclude_if=lambda account: not account), FOLDED]


class StatementRow(Value):
    """Where a gift is listed: a bank's or platform's statement, and the row in it."""

    statement: Annotated[str, Field(min_length=1, max_length=100)]
    row: Annotated[Whole, Field(ge=1)]


class DonationReceived(Fact):
    """statement: not part of what the gift is; two statements may list the same gift.
    designation: what the giver wrote it is for. distinct_from: gifts that it looks the same as, and
    of which a person said that they are others. own_account: as of `BankLineStated`; no part of
    what the gift is."""

    TYPE: ClassVar[str] = "guanjia.donation.received.v1"
    TOPIC: ClassVar[str] = topics.DONATIONS_INBOUND
    donor_id: Identifier
    fund_id: Identifier
    amount_fen: PositiveFen
    received_at: Moment
    bank_reference: Reference
    statement: StatementRow | None = None
    designation: Annotated[str, Field(max_length=5000)] = ""
    # Left out where there are none: what was sent before is the same message still.
    distinct_from: Annotated[
        tuple[Identifier, ...], Field(max_length=20, exclude_if=lambda gifts: not gifts)
    ] = ()
    own_account: OwnAccount = ""


class GoodsReceived(Fact):
    """Things that came into a fund's store: so many `unit` of `item`."""

    TYPE: ClassVar[str] = "guanjia.goods.received.v1"
    TOPIC: ClassVar[str] = topics.DONATIONS_INBOUND
    donor_id: Identifier
    fund_id: Identifier
    item: Annotated[str, Field(min_length=1, max_length=100), FOLDED]
    unit: Unit
    quantity: Quantity
    received_at: Moment
    reference: Reference


class PaymentMade(Fact):
    """The bank paid an instalment of what was committed for a match, before it is confirmed."""

    TYPE: ClassVar[str] = "guanjia.payment.made.v1"
    TOPIC: ClassVar[str] = topics.DONATIONS_INBOUND
    match_id: Identifier
    amount_fen: PositiveFen
    paid_at: Moment
    bank_reference: Reference


class BankLineStated(Fact):
    """A line of a bank's statement that is no gift: it paid, or what it paid came back. memo: 附言,
    which holds the reference of a payment order's line. account: of who got it, where the line has
    it; it is compared and not stored. own_account: whose statement it is, as the house names it:
    two banks may number their lines alike.

    own_kind: of a line about the bank's own, interest (`returned`) or a charge (`paid`). fund_id:
    whose it is; empty where finance has to say. undone: a credit that the statement itself marks as
    reversed (已冲正): stated as what left again (`paid`)."""

    TYPE: ClassVar[str] = "guanjia.bank_line.stated.v1"
    TOPIC: ClassVar[str] = topics.DONATIONS_INBOUND
    direction: Literal["paid", "returned"]
    memo: Annotated[str, Field(max_length=500)]
    amount_fen: PositiveFen
    at: Moment
    bank_reference: Reference
    account: Annotated[str, Field(max_length=64)] = ""
    own_account: OwnAccount = ""
    own_kind: Annotated[
        Literal["", "interest", "charge"], Field(exclude_if=lambda kind: not kind)
    ] = ""
    fund_id: Annotated[str, Field(max_length=128, exclude_if=lambda fund: not fund)] = ""
    undone: Annotated[bool, Field(exclude_if=lambda undone: not undone)] = False


class DonationRefunded(Fact):
    """The bank gave a gift, or a part of it, back to its giver."""

    TYPE: ClassVar[str] = "guanjia.donation.refunded.v1"
    TOPIC: ClassVar[str] = topics.DONATIONS_INBOUND
    donation_id: Identifier
    amount_fen: PositiveFen
    refunded_at: Moment
    bank_reference: Reference


class FeeCharged(Fact):
    """The foundation took its management fee from a fund."""

    TYPE: ClassVar[str] = "guanjia.fee.charged.v1"
    TOPIC: ClassVar[str] = topics.DONATIONS_INBOUND
    fund_id: Identifier
    amount_fen: PositiveFen
    charged_at: Moment
    bank_reference: Reference


FACTS: tuple[type[Fact], ...] = (
    RequestSubmitted,
    OfferSubmitted,
    DonationReceived,
    GoodsReceived,
    PaymentMade,
    BankLineStated,
    DonationRefunded,
    FeeCharged,
)
