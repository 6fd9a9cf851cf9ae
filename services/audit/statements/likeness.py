"""Two rows, or a row and a gift in the books, that may be one gift: a person is asked.

The same bank reference and sum, from whichever source; or one giver's same sum at what may be one
moment, where not both have a reference: a sheet that was saved again has lost its seconds, and a
published list has days alone. Gifts without references that have the same moment are counted by
their statement (`files.Identities`) and never asked about.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time

from services.audit.model import REFERENCE_LASTS, is_banks_reference
from shared.contracts.values import CHINA


@dataclass(frozen=True, slots=True)
class Trait:
    """What one gift is told from another by. id: of the message or gift; place: where a statement
    first lists it; account: of ours, where that is said."""

    id: str
    donor_id: str
    fund_id: str
    amount_fen: int
    received_at: datetime
    reference: str = ""
    place: tuple[str, int] | None = None
    account: str = ""

    @property
    def bank_reference(self) -> str:
        """Empty for one that we made up."""
        return self.reference if is_banks_reference(self.reference) else ""

    def is_listed_as(self, other: "Trait") -> bool:
        """Whether it is that very row, entered under another id: before its account was named. Two
        accounts' files may have one name."""
        return (
            self.place is not None
            and self.place == other.place
            and ("" in (self.account, other.account) or self.account == other.account)
            and self.donor_id == other.donor_id
            and self.amount_fen == other.amount_fen
            and self.received_at == other.received_at
        )

    def may_be(self, other: "Trait") -> bool:
        """Whether a person has to say that they are two."""
        if self.amount_fen != other.amount_fen:
            return False
        ours, theirs = self.bank_reference, other.bank_reference
        if ours and theirs:
            apart = abs(self.received_at - other.received_at)
            return ours == theirs and apart <= REFERENCE_LASTS
        if self.donor_id != other.donor_id:
            return False
        if self.received_at == other.received_at:
            is_row = self.place is not None and self.place == other.place
            of_two_names = is_row and self.account != other.account
            return bool(ours or theirs) or self.fund_id != other.fund_id or of_two_names
        return _may_be_one_moment(self.received_at, other.received_at)


def _may_be_one_moment(one: datetime, other: datetime) -> bool:
    """A day and a time on it, or a time with and without its seconds."""
    first, second = one.astimezone(CHINA), other.astimezone(CHINA)
    if time() in (first.time(), second.time()):
        return first.date() == second.date()
    has_lost_seconds = 0 in (first.second, second.second)
    return has_lost_seconds and _cut_seconds(first) == _cut_seconds(second)


def _cut_seconds(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def find_china_day(moment: datetime) -> datetime:
    """Its midnight there."""
    return datetime.combine(moment.astimezone(CHINA).date(), time(), CHINA)


@dataclass(slots=True)
class TraitIndex:
    """Of many rows, those that one of them may be."""

    _by_giver: dict[tuple[str, int, datetime], list[Trait]] = field(
        default_factory=lambda: defaultdict(list)
    )
    _by_reference: dict[tuple[str, int], list[Trait]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def add(self, traits: Iterable[Trait]) -> None:
        for trait in traits:
            day = find_china_day(trait.received_at)
            self._by_giver[trait.donor_id, trait.amount_fen, day].append(trait)
            if reference := trait.bank_reference:
                self._by_reference[reference, trait.amount_fen].append(trait)

    def find_near(self, trait: Trait) -> Sequence[Trait]:
        """One giver's same sum of that day."""
        day = find_china_day(trait.received_at)
        return self._by_giver.get((trait.donor_id, trait.amount_fen, day), [])

    def find(self, trait: Trait) -> Sequence[Trait]:
        named = self._by_reference.get((trait.bank_reference, trait.amount_fen), [])
        alike = {
            other.id: other
            for other in (*named, *self.find_near(trait))
            if trait.may_be(other) and other.id != trait.id
        }
        return list(alike.values())
