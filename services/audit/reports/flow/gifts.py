"""Every gift, where its pieces lie, and what each entry did with them."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

from services.audit.ledger.movements import Unit
from services.audit.reports.flow.pieces import EntryKey, Piece, Place, Places
from shared.contracts.ledger import LedgerEntry

Origin = Literal["gift", "brought_forward", "uncovered"]


class TraceError(ValueError):
    """The logs cannot be followed, or do not know the gift; the text says why."""


@dataclass(frozen=True, slots=True)
class TracedGift:
    """Where money or goods came from. amount: 0 for what is uncovered, which changes."""

    origin: Origin
    entry: EntryKey
    subject: str
    recorded_at: str
    fund: str
    unit: Unit
    amount: int
    since: int
    """When it came into its fund, as pieces say it."""


@dataclass(frozen=True, slots=True)
class Moving:
    """A transfer. since: of its pieces at the taker's; before: by gift, of those at the giver's."""

    since: int
    before: dict[int, int]


@dataclass(slots=True)
class Gifts:
    """State of the telling, changed in place entry by entry."""

    places: Places = field(default_factory=Places)
    gifts: list[TracedGift] = field(default_factory=list)
    fund_names: dict[str, str] = field(default_factory=dict)
    references: dict[EntryKey, str] = field(default_factory=dict)
    """The document behind each transfer."""
    logs: list[str] = field(default_factory=list)
    followed: set[str] = field(default_factory=set)
    """Funds of the log now read whose gifts are known from the year before."""
    number: int = 0
    """Counts the entries of all logs; what comes in now is `since` this."""
    gift_numbers: dict[EntryKey, list[int]] = field(default_factory=dict)
    """The gifts each entry brought."""
    entry_places: dict[EntryKey, list[Place]] = field(default_factory=dict)
    """Where each entry put pieces; a carried commitment's lie where they were."""
    moved: dict[EntryKey, Moving] = field(default_factory=dict)
    """By transfer, what it moved."""
    uncovered: dict[tuple[str, Unit], int] = field(default_factory=dict)

    def receive(
        self, origin: Origin, entry: LedgerEntry, fund: str, unit: Unit, amount: int
    ) -> None:
        """Something new comes into a fund."""
        gift = self._add(origin, entry, fund, unit, amount)
        self.gift_numbers.setdefault((entry["log"], entry["index"]), []).append(gift)
        self.free(fund, unit, [Piece(self.number, gift, amount)])

    def use(self, place: Place, amount: int, entry: LedgerEntry) -> None:
        """The fund's first pieces go to `place`."""
        self.put(place, self.take(place.fund, place.unit, amount, entry), entry)

    def put(self, place: Place, pieces: Iterable[Piece], entry: LedgerEntry) -> None:
        self.entry_places.setdefault((entry["log"], entry["index"]), []).append(place)
        self.places.put(place, pieces)

    def take(self, fund: str, unit: Unit, amount: int, entry: LedgerEntry) -> list[Piece]:
        """Unspent pieces of exactly `amount`; what the fund has not got is uncovered."""
        taken = self.places.take(Place("unspent", fund, unit), amount)
        missing = amount - sum(piece.amount for piece in taken)
        if missing:
            gift = self.uncovered.get((fund, unit))
            if gift is None:
                gift = self._add("uncovered", entry, fund, unit, 0)
                self.uncovered[fund, unit] = gift
            taken.append(Piece(self.number, gift, missing))
        return taken

    def free(self, fund: str, unit: Unit, pieces: Iterable[Piece]) -> None:
        """Pieces are unspent in `fund`; first they cover what it paid without having it."""
        place, debt = Place("unspent", fund, unit), self.uncovered.get((fund, unit))
        for piece in pieces:
            if piece.gift == debt:
                continue  # what was never there does not come back
            rest = piece if debt is None else self._cover(debt, piece)
            if rest.amount:
                self.places.put(place, [rest])

    def _cover(self, debt: int, piece: Piece) -> Piece:
        for place, lacking in self.places.of_gift(debt):
            cut = min(lacking.amount, piece.amount)
            if not cut:
                break
            self.places.hand_over(place, lacking, cut, to=piece)
            piece = replace(piece, amount=piece.amount - cut)
        return piece

    def _add(self, origin: Origin, entry: LedgerEntry, fund: str, unit: Unit, amount: int) -> int:
        key = (entry["log"], entry["index"])
        fields = (origin, key, entry["subject"], entry["recorded_at"], fund, unit, amount)
        gift = TracedGift(*fields, self.number)
        self.gifts.append(gift)
        return len(self.gifts) - 1
