"""Funds: money with a purpose, and what of it is received, promised and paid. Integer fen."""

from typing import Annotated, Any, ClassVar

from pydantic import Field

from services.audit.ledger import entries
from services.audit.ledger.accounts import FundAccounts
from services.audit.ledger.balances import COUNTERS, TOTALS
from services.audit.model.proposal import Proposal
from shared.contracts.ledger import INTEGER_MAX, Terms
from shared.contracts.values import BeneficiaryClass, Category, Fen, TownCode, Value

GENERAL_FUND = "general"
"""Pays for a match that names no fund."""
RECEIVED_FEN_MAX = INTEGER_MAX
FEE_PERMILLE_MAX = 100
"""What a foundation may keep of a year's gifts where a fund's terms say nothing else."""

NewFundId = Annotated[str, Field(pattern=r"^[\w.@+-]{1,60}$")]


class FundTerms(Value):
    """What a fund is for. Empty tuples mean any.

    fee_permille_max: fees of a ledger year, in permille of what was received in it.
    """

    purpose: Annotated[str, Field(max_length=1000)] = ""
    categories: tuple[Category, ...] = ()
    town_codes: tuple[TownCode, ...] = ()
    beneficiary_classes: tuple[BeneficiaryClass, ...] = ()
    fee_permille_max: Annotated[int, Field(ge=0, le=1000)] = FEE_PERMILLE_MAX

    def said(self) -> Terms:
        """As the log has them."""
        return Terms(
            beneficiary_classes=sorted({each.value for each in self.beneficiary_classes}),
            categories=sorted({each.value for each in self.categories}),
            fee_permille_max=self.fee_permille_max,
            purpose=self.purpose,
            towns=sorted(set(self.town_codes)),
        )


class Fund(Proposal):
    """The amounts are those of the ledger year `log`; what was left of the year before is
    brought_forward. committed_fen counts everything reserved in it, resolved or not."""

    COLLECTION: ClassVar[str] = "funds"

    name: str
    restricted: bool
    terms: FundTerms = FundTerms()
    foundation: str
    accounts: FundAccounts
    log: str = ""
    brought_forward_fen: Fen = 0
    received_fen: Fen = 0
    transferred_fen: int = 0
    fees_fen: Fen = 0
    refunded_fen: Fen = 0
    committed_fen: Fen = 0
    disbursed_fen: Fen = 0
    released_fen: Fen = 0

    @property
    def is_open(self) -> bool:
        return self.state == "open"

    @property
    def outstanding_fen(self) -> int:
        """Promised and not yet paid."""
        return self.committed_fen - self.disbursed_fen - self.released_fen

    @property
    def remaining_fen(self) -> int:
        """What can still be promised."""
        income = self.brought_forward_fen + self.received_fen + self.transferred_fen
        return income - self.fees_fen - self.refunded_fen - self.committed_fen + self.released_fen

    @property
    def balance_fen(self) -> int:
        """What lies at the bank."""
        return self.remaining_fen + self.outstanding_fen

    @property
    def fee_left_fen(self) -> int:
        """What the foundation may still keep of this year's gifts."""
        limit = self.terms.fee_permille_max * (self.received_fen - self.refunded_fen) // 1000
        return max(0, limit - self.fees_fen)

    @property
    def ref(self) -> entries.FundRef:
        return entries.FundRef(self.id, self.accounts)

    @property
    def opening(self) -> entries.Opening:
        return entries.Opening(self.ref, self.name, self.restricted, self.terms.said())

    def plus(self, **fen: int) -> "Fund":
        """With the counters moved by so much; never to a state that was not allowed."""
        moved = self.model_copy(update={k: getattr(self, k) + v for k, v in fen.items()})
        assert moved.remaining_fen >= 0, "a fund promised what it has not got"
        assert moved.outstanding_fen >= 0, "a fund paid what it had not promised"
        return moved

    def can_count(self, amount_fen: int) -> bool:
        """Whether so much more may come in: larger numbers do not survive every reader."""
        came_in = self.brought_forward_fen + self.received_fen + max(self.transferred_fen, 0)
        return came_in + amount_fen <= RECEIVED_FEN_MAX

    def carried_into(self, log: str) -> "Fund":
        """Its counters start anew with what is left."""
        left, promised = self.balance_fen, self.outstanding_fen
        anew = dict.fromkeys(COUNTERS, 0)
        return self.model_copy(
            update={**anew, "log": log, "brought_forward_fen": left, "committed_fen": promised}
        )


def amounts(fund: Fund) -> dict[str, int]:
    return {name: getattr(fund, name) for name in TOTALS}


SHOWN = {"id", "name", "state", "restricted", "terms", "foundation", "log", "maker", "checker"}


def described(fund: Fund) -> dict[str, Any]:
    """A fund as the API shows it."""
    return fund.model_dump(mode="json", include=SHOWN) | amounts(fund)
