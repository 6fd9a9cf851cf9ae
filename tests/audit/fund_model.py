"""What funds have and owe by plain sums, to hold the decisions against."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

FUNDS = ("RICE", "WARM")
OTHER = dict(zip(FUNDS, reversed(FUNDS), strict=True))


@dataclass
class Model:
    """What each fund has and owes, and what was said of each id. free: had and not promised."""

    free: dict[str, int] = field(default_factory=lambda: dict.fromkeys(FUNDS, 0))
    owed: dict[str, tuple[str, int]] = field(default_factory=dict)
    paid: Counter[str] = field(default_factory=Counter)
    """By match, without what was reversed."""
    fallen: set[str] = field(default_factory=set)
    """Matches that were released after something was paid for them."""
    refused: set[str] = field(default_factory=set)
    """Those that were confirmed when they had fallen: nothing more is paid by itself."""
    given: dict[str, list[Any]] = field(default_factory=dict)
    """By id: fund, amount, how much of it may still be given back."""
    year: dict[str, int] = field(default_factory=lambda: dict.fromkeys(FUNDS, 0))
    fees: dict[str, int] = field(default_factory=lambda: dict.fromkeys(FUNDS, 0))
    ids: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    settled: set[str] = field(default_factory=set)
    stock: dict[str, int] = field(default_factory=lambda: dict.fromkeys(FUNDS, 0))

    def bank(self, id_: str, *content: Any) -> bool:
        """Whether a bank's id is new; what it says again, or otherwise, does nothing."""
        return self.ids.setdefault(id_, content) is content

    def gift(self, id_: str, fund: str, amount: int) -> None:
        if self.bank(id_, "gift", fund, amount):
            self.given[id_] = [fund, amount, amount]
            self.free[fund] += amount
            self.year[fund] += amount

    def refund(self, id_: str, of: str, amount: int) -> None:
        """What the bank says is so, though the fund has less."""
        gift = self.given.get(of, ["", 0, 0])
        if self.bank(id_, "refund", of, amount) and amount <= gift[2]:
            gift[2] -= amount
            self.free[gift[0]] -= amount
            self.year[gift[0]] -= amount

    def fee(self, id_: str, fund: str, amount: int) -> None:
        fits = (self.fees[fund] + amount) * 10 <= self.year[fund] and amount <= self.free[fund]
        if self.bank(id_, "fee", fund, amount) and fits:
            self.fees[fund] += amount
            self.free[fund] -= amount

    def accept(self, match: str, fund: str, amount: int) -> None:
        if match not in self.owed:
            promised = amount if amount <= self.free[fund] else 0
            self.owed[match] = (fund, promised)
            self.free[fund] -= promised

    def pay(self, id_: str, match: str, amount: int) -> None:
        fund, remaining = self.owed.get(match, ("", 0))
        if self.bank(id_, "pay", match, amount) and amount <= remaining:
            self.owed[match] = (fund, remaining - amount)
            self.paid[match] += amount

    def confirm(self, match: str, fund: str) -> None:
        fund, remaining = self.owed.get(match, (fund, 0))
        if match in self.fallen and remaining:
            self.refused.add(match)
        if match not in self.refused:
            self.owed[match] = (fund, 0)
            self.paid[match] += remaining

    def release(self, match: str) -> None:
        if match not in self.owed:
            return
        fund, remaining = self.owed[match]
        self.free[fund] += remaining
        self.owed[match] = (fund, 0)
        if self.paid[match]:
            self.fallen.add(match)

    def unpay(self, match: str, amount: int) -> None:
        """It is owed again; of a match that fell it goes back to the fund."""
        fund, remaining = self.owed[match]
        self.owed[match] = (fund, remaining + amount)
        self.paid[match] -= amount
        if match in self.fallen:
            self.release(match)
        if not self.paid[match]:
            self.fallen.discard(match)

    def transfer(self, fund: str, amount: int) -> None:
        if amount <= self.free[fund]:
            self.free[fund] -= amount
            self.free[OTHER[fund]] += amount

    def goods(self, id_: str, fund: str, amount: int) -> None:
        if self.bank(id_, "goods", fund, amount):
            self.stock[fund] += amount

    def hand_over(self, match: str, fund: str, amount: int) -> None:
        if match not in self.settled and amount <= self.stock[fund]:
            self.stock[fund] -= amount
        self.settled.add(match)

    def new_year(self) -> None:
        self.year, self.fees = dict.fromkeys(FUNDS, 0), dict.fromkeys(FUNDS, 0)
