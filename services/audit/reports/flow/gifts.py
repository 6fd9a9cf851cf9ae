"""Every gift, where its pieces lie, and what each entry did with them.

A piece is so much of a gift in a fund, in a promise, in what was paid. It moves whole or is cut;
nothing appears or vanishes here but by `put` and `take`.
"""

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from services.audit.ledger.movements import Unit
from shared.contracts.ledger import LedgerEntry

EntryKey = tuple[str, int]
"""A log's origin and a leaf's number."""

Use = Literal["unspent", "promised", "spent", "fee", "lost", "refunded", "reversed"]


@dataclass(frozen=True, slots=True)
class Place:
    """What pieces are used for. entry: the leaf that did it (None: unspent); match and purpose (as
    sorted pairs) as the commitment says."""

    use: Use
    fund: str
    unit: Unit
    entry: EntryKey | None = None
    match: str = ""
    purpose: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Piece:
    """gift: its number. since: when it came into its fund; first in is first out. via: the
    transfers between funds it went through."""

    since: int
    gift: int
    amount: int
    via: tuple[EntryKey, ...] = ()


class Places:
    """All pieces: in each place sorted by `since`."""

    def __init__(self) -> None:
        self._held: dict[Place, deque[Piece]] = {}
        self._seen: dict[int, dict[Place, None]] = {}
        """By gift, the places where it came to; those it has left are forgotten in time."""

    def put(self, place: Place, pieces: Iterable[Piece]) -> None:
        queue = self._held.setdefault(place, deque())
        for piece in pieces:
            self._seen.setdefault(piece.gift, {})[place] = None
            _insert(queue, piece)

    def take(self, place: Place, amount: int) -> list[Piece]:
        """The first pieces of `amount` together, the last cut to fit; less where there is less."""
        queue, pieces = self._held.get(place, deque()), list[Piece]()
        while amount and queue:
            amount -= _take_first(queue, pieces, amount)
        return pieces

    def take_at(
        self, place: Place, amount: int, since: int, gift: int | None = None
    ) -> list[Piece]:
        """As `take`, of the pieces (of one gift, or any) that came in at `since`."""
        queue = self._held.get(place, deque())
        pieces, passed = list[Piece](), list[Piece]()
        at = bisect_left(queue, since, key=_get_since)
        queue.rotate(-at)
        while amount and queue and queue[0].since == since:
            if gift in (None, queue[0].gift):
                amount -= _take_first(queue, pieces, amount)
            else:
                passed.append(queue.popleft())
        queue.extendleft(reversed(passed))
        queue.rotate(at)
        return pieces

    def take_last(self, place: Place, amount: int) -> list[Piece]:
        """The last pieces: what was set aside last is given back first."""
        queue, pieces = self._held[place], list[Piece]()
        queue.reverse()
        while amount and queue:
            amount -= _take_first(queue, pieces, amount)
        queue.reverse()
        return pieces

    def take_all(self, place: Place) -> list[Piece]:
        return list(self._held.pop(place, ()))

    def sum_place(self, place: Place) -> int:
        return sum(piece.amount for piece in self._held.get(place, ()))

    def list_pieces(self, gift: int) -> Iterator[tuple[Place, Piece]]:
        seen = self._seen.get(gift, {})
        for place in tuple(seen):
            pieces = [piece for piece in self._held.get(place, ()) if piece.gift == gift]
            if not pieces:
                del seen[place]
            yield from ((place, piece) for piece in pieces)

    def sum_gift(self, gift: int) -> int:
        return sum(piece.amount for _, piece in self.list_pieces(gift))

    def list_places(self) -> Iterator[Place]:
        return iter(self._held)

    def hand_over(self, place: Place, piece: Piece, amount: int, to: Piece) -> None:
        """`amount` of `piece`, where it lies, is of the gift of `to`, and came by its way."""
        queue = self._held[place]
        queue.remove(piece)
        if piece.amount > amount:
            _insert(queue, replace(piece, amount=piece.amount - amount))
        self.put(place, [replace(piece, gift=to.gift, amount=amount, via=to.via)])


def cut(pieces: Iterable[Piece], amount: int) -> tuple[list[Piece], list[Piece]]:
    """The first pieces of `amount` together, and the rest."""
    queue, first = deque(pieces), list[Piece]()
    while amount and queue:
        amount -= _take_first(queue, first, amount)
    return first, list(queue)


def _insert(queue: deque[Piece], piece: Piece) -> None:
    """In its place by `since`, as one with its neighbour where they are alike."""
    at = bisect_right(queue, piece.since, key=_get_since)
    before = queue[at - 1] if at else None
    if before and (before.since, before.gift, before.via) == (piece.since, piece.gift, piece.via):
        queue[at - 1] = replace(before, amount=before.amount + piece.amount)
    else:
        queue.insert(at, piece)


def _get_since(piece: Piece) -> int:
    return piece.since


def _take_first(queue: deque[Piece], pieces: list[Piece], amount: int) -> int:
    first = queue.popleft()
    if first.amount > amount:
        queue.appendleft(replace(first, amount=first.amount - amount))
        first = replace(first, amount=amount)
    pieces.append(first)
    return first.amount


# --- gifts ----------------------------------------------------------------------------------------

Origin = Literal["gift", "brought_forward", "interest", "uncovered"]


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
    paid_places: dict[Place, list[Place]] = field(default_factory=dict)
    """By the place of a promise: where what was paid of it lies, the last payment last."""
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
        pieces = self.places.take(Place("unspent", fund, unit), amount)
        missing = amount - sum(piece.amount for piece in pieces)
        if missing:
            gift = self.uncovered.get((fund, unit))
            if gift is None:
                gift = self._add("uncovered", entry, fund, unit, 0)
                self.uncovered[fund, unit] = gift
            pieces.append(Piece(self.number, gift, missing))
        return pieces

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
        for place, lacking in self.places.list_pieces(debt):
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
