"""What amounts count: money in fen, or things in their own units; never added up together."""

from dataclasses import dataclass
from typing import cast

from services.audit.report.titles import yuan
from shared.contracts.ledger import GoodsLeg, Leg


@dataclass(frozen=True, slots=True, order=True)
class Unit:
    """So many fen, or so many `unit` of `item`. Money has neither name."""

    item: str = ""
    unit: str = ""

    def number(self, amount: int) -> str:
        """For other programs: exact, yuan with two decimals or a whole number."""
        return str(amount) if self.item else yuan(amount)

    def said(self, amount: int) -> str:
        """For people: `20 袋 大米`, `1,234.50 元`."""
        if self.item:
            return f"{amount:,} {self.unit} {self.item}"
        whole, _, cents = yuan(amount).partition(".")
        sign = "-" if amount < 0 else ""
        return f"{sign}{int(whole.lstrip('-')):,}.{cents} 元"

    def as_json(self, amount: int) -> dict[str, int | str]:
        if self.item:
            return {"item": self.item, "quantity": amount, "unit": self.unit}
        return {"amount_fen": amount}


MONEY = Unit()


def amount_of(leg: Leg | GoodsLeg) -> tuple[Unit, int]:
    """What a leg moves, whatever its side."""
    if "item" in leg:
        goods = cast(GoodsLeg, leg)
        return Unit(goods["item"], goods["unit"]), goods["quantity"]
    return MONEY, leg["amount_fen"]
