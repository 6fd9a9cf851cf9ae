"""Funds: money with a purpose, and what of it is received, promised and paid. Integer fen."""

from datetime import datetime
from typing import Annotated, ClassVar, Self

from pydantic import Field

from services.audit.ledger import entries
from services.audit.ledger.accounts import FundAccounts
from services.audit.ledger.balances import COUNTERS, TOTALS, FundArithmetic
from services.audit.model.commitment import Spending
from services.audit.model.proposal import Proposal
from services.audit.model.states import CountedState
from shared.contracts.ledger_fields import INTEGER_MAX, Terms
from shared.contracts.values import GENERAL_FUND as GENERAL_FUND
from shared.contracts.values import BeneficiaryClass, Category, Fen, TownCode, Value, Whole

RECEIVED_FEN_MAX = INTEGER_MAX
FEE_PERMILLE_MAX = 100
"""What a foundation may keep of a year's gifts where a fund's terms say nothing else."""

NewFundId = Annotated[str, Field(pattern=r"^[\w.@+-]{1,60}$")]


class SpendingTerms(Value):
    """What money may be spent on. Empty tuples mean any."""

    categories: tuple[Category, ...] = ()
    town_codes: tuple[TownCode, ...] = ()
    beneficiary_classes: tuple[BeneficiaryClass, ...] = ()

    def may_pay_for(self, spending: Spending) -> bool:
        """Whether that is what it is for; what leaves open what the terms ask is not."""
        return all(
            not allowed or value in allowed
            for allowed, value in (
                (self.categories, spending.category),
                (self.town_codes, spending.town_code),
                (self.beneficiary_classes, spending.beneficiary_class),
            )
        )


class FundTerms(SpendingTerms):
    """What a fund is for.

    fee_permille_max: fees of a ledger year, in permille of what was received in it.
    """

    purpose: Annotated[str, Field(max_length=1000)] = ""
    fee_permille_max: Annotated[Whole, Field(ge=0, le=1000)] = FEE_PERMILLE_MAX

    def as_terms(self) -> Terms:
        """As the log has them."""
        return Terms(
            beneficiary_classes=sorted({each.value for each in self.beneficiary_classes}),
            categories=sorted({each.value for each in self.categories}),
            fee_permille_max=self.fee_permille_max,
            purpose=self.purpose,
            towns=sorted(set(self.town_codes)),
        )


class Fund(FundArithmetic, Proposal, CountedState):
    """The amounts are those of the ledger year `log`; what remained of the year before is
    brought_forward. committed_fen counts everything reserved in it, resolved or not. overdrawn_fen:
    so far below nothing banks took it by taking gifts back; less, as money comes in. A fund that
    ended a year so has less than nothing brought forward."""

    COLLECTION: ClassVar[str] = "funds"

    name: str
    restricted: bool
    terms: FundTerms = FundTerms()
    foundation: str
    accounts: FundAccounts
    log: str = ""
    brought_forward_fen: int = 0
    received_fen: Fen = 0
    transferred_fen: int = 0
    fees_fen: Fen = 0
    interest_fen: Fen = 0
    charges_fen: Fen = 0
    refunded_fen: Fen = 0
    committed_fen: Fen = 0
    disbursed_fen: Fen = 0
    released_fen: Fen = 0
    obligated_fen: Fen = 0
    paid_fen: Fen = 0
    returned_fen: Fen = 0
    payable_forward_fen: Fen = 0
    overdrawn_fen: Fen = 0

    @property
    def is_open(self) -> bool:
        return self.state == "open"

    @property
    def fee_left_fen(self) -> int:
        """What the foundation may still keep of this year's gifts."""
        limit = self.terms.fee_permille_max * (self.received_fen - self.refunded_fen) // 1000
        return max(0, limit - self.fees_fen)

    @property
    def is_sound(self) -> bool:
        """It promised no more than it has, and paid no more than it promised or owes; banks alone
        take what it has not got."""
        available_fen = self.remaining_fen + self.overdrawn_fen
        return min(available_fen, self.outstanding_fen, self.payable_fen) >= 0

    def add(self, counter: str, amount: int, at: datetime) -> Self:
        moved = super().add(counter, amount, at)
        overdrawn_fen = min(moved.overdrawn_fen, max(0, -moved.remaining_fen))
        return moved.model_copy(update={"overdrawn_fen": overdrawn_fen})

    def with_taken(self, amount_fen: int) -> Self:
        """Before a bank takes so much back, whatever it has."""
        overdrawn_fen = max(self.overdrawn_fen, amount_fen - self.remaining_fen)
        return self.model_copy(update={"overdrawn_fen": overdrawn_fen})

    @property
    def ref(self) -> entries.FundRef:
        return entries.FundRef(self.id, self.accounts)

    @property
    def opening(self) -> entries.Opening:
        return entries.Opening(self.ref, self.name, self.restricted, self.terms.as_terms())

    @property
    def totals(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in TOTALS}

    def can_receive(self, amount_fen: int) -> bool:
        """Whether so much more may come in: larger numbers do not survive every reader."""
        gifts_fen = self.brought_forward_fen + self.received_fen + self.interest_fen
        came_in = gifts_fen + max(self.transferred_fen, 0)
        return came_in + amount_fen <= RECEIVED_FEN_MAX

    def bring_forward(self, log: str) -> Self:
        """Into the year of `log`: its counters start anew with what remains."""
        counters = dict.fromkeys(COUNTERS, 0) | {
            "brought_forward_fen": self.balance_fen - self.payable_fen,
            "payable_forward_fen": self.payable_fen,
            "committed_fen": self.outstanding_fen,
        }
        return self.model_copy(update={"log": log, **counters})

    def to_json(self) -> dict[str, object]:
        """As the API shows it."""
        return self.model_dump(mode="json", include=VISIBLE) | self.totals


VISIBLE = {"id", "name", "state", "restricted", "terms", "foundation", "log", "maker", "checker"}
