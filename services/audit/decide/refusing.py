"""What is asked and not done stands on the log as a refusal, and is told with the reason."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.audit.decide.writing import Leaf
from services.audit.ledger.entries import Goods
from services.audit.model import Spending
from services.audit.model.fund import FundTerms
from shared.contracts.events import (
    LedgerFact,
    LedgerGoodsRefused,
    LedgerRefused,
    RefusedReason,
)
from shared.contracts.ledger import Refused


@dataclass(frozen=True, slots=True)
class No:
    """Why not. available: fen, or the goods' unit."""

    reason: RefusedReason
    available: int = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for. kind: of entry; moved: fen, or goods."""

    kind: str
    fund_id: str
    moved: int | Goods
    since: datetime
    donor_id: str | None = None

    def said(self, **more: Any) -> dict[str, Any]:
        """What every event about it says."""
        said = {"fund_id": self.fund_id, "donor_id": self.donor_id, **more}
        if isinstance(self.moved, Goods):
            goods = self.moved
            return said | {"item": goods.item, "unit": goods.unit, "quantity": goods.quantity}
        return said | {"amount_fen": self.moved}

    def refused(self, no: No) -> Refused:
        """For the entry. A fund id that no fund could have is left out."""
        refused = Refused(kind=self.kind, code=no.reason)
        if isinstance(self.moved, Goods):
            goods = self.moved
            refused |= {"unit": goods.unit, "quantity": goods.quantity}
            if goods.item:
                refused["item"] = goods.item
        else:
            refused["amount_fen"] = self.moved
        if ":" not in self.fund_id and len(self.fund_id) <= 128:
            refused["fund"] = self.fund_id
        return refused

    def told_refused(self, leaf: Leaf, no: No) -> LedgerFact:
        if isinstance(self.moved, Goods):
            more = {"reason": no.reason, "available": no.available}
            return leaf.told(LedgerGoodsRefused, **self.said(**more))
        more = {"reason": no.reason, "available_fen": no.available}
        return leaf.told(LedgerRefused, **self.said(**more))


def outside(terms: FundTerms, spending: Spending) -> bool:
    """Whether this is not what the fund is for; not to say what the terms ask is outside too."""
    return any(
        allowed and value not in allowed
        for allowed, value in (
            (terms.categories, spending.category),
            (terms.town_codes, spending.town_code),
            (terms.beneficiary_classes, spending.beneficiary_class),
        )
    )
