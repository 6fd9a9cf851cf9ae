"""Where the pieces of gifts lie: so much of a gift in a fund, in a promise, in what was paid.

A piece moves whole or is cut; nothing appears or vanishes here but by `put` and `take`.
"""

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from services.audit.ledger.movements import Unit

EntryKey = tuple[str, int]
"""A log's origin and a leaf's number."""

Use = Literal["unspent", "promised", "spent", "fee", "refunded", "reversed"]


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
        held = self._held.setdefault(place, deque())
        for piece in pieces:
            self._seen.setdefault(piece.gift, {})[place] = None
            _insert(held, piece)

    def take(self, place: Place, amount: int) -> list[Piece]:
        """The first pieces of `amount` together, the last cut to fit; less where there is less."""
        held, taken = self._held.get(place, deque()), list[Piece]()
        while amount and held:
            amount -= _take_first(held, taken, amount)
        return taken

    def take_at(
        self, place: Place, amount: int, since: int, gift: int | None = None
    ) -> list[Piece]:
        """As `take`, of the pieces (of one gift, or any) that came in at `since`."""
        held = self._held.get(place, deque())
        taken, passed = list[Piece](), list[Piece]()
        at = bisect_left(held, since, key=_since)
        held.rotate(-at)
        while amount and held and held[0].since == since:
            if gift in (None, held[0].gift):
                amount -= _take_first(held, taken, amount)
            else:
                passed.append(held.popleft())
        held.extendleft(reversed(passed))
        held.rotate(at)
        return taken

    def take_last(self, place: Place, amount: int) -> list[Piece]:
        """The last pieces: what was set aside last is given back first."""
        held, taken = self._held[place], list[Piece]()
        held.reverse()
        while amount and held:
            amount -= _take_first(held, taken, amount)
        held.reverse()
        return taken

    def take_all(self, place: Place) -> list[Piece]:
        return list(self._held.pop(place, ()))

    def total(self, place: Place) -> int:
        return sum(piece.amount for piece in self._held.get(place, ()))

    def of_gift(self, gift: int) -> Iterator[tuple[Place, Piece]]:
        seen = self._seen.get(gift, {})
        for place in tuple(seen):
            found = [piece for piece in self._held.get(place, ()) if piece.gift == gift]
            if not found:
                del seen[place]
            yield from ((place, piece) for piece in found)

    def total_of_gift(self, gift: int) -> int:
        return sum(piece.amount for _, piece in self.of_gift(gift))

    def places(self) -> Iterator[Place]:
        return iter(self._held)

    def hand_over(self, place: Place, piece: Piece, amount: int, to: Piece) -> None:
        """`amount` of `piece`, where it lies, is of the gift of `to`, and came by its way."""
        held = self._held[place]
        held.remove(piece)
        if piece.amount > amount:
            _insert(held, replace(piece, amount=piece.amount - amount))
        self.put(place, [replace(piece, gift=to.gift, amount=amount, via=to.via)])


def cut(pieces: Iterable[Piece], amount: int) -> tuple[list[Piece], list[Piece]]:
    """The first pieces of `amount` together, and the rest."""
    held, taken = deque(pieces), list[Piece]()
    while amount and held:
        amount -= _take_first(held, taken, amount)
    return taken, list(held)


def _insert(held: deque[Piece], piece: Piece) -> None:
    """In its place by `since`, as one with its neighbour where they are alike."""
    at = bisect_right(held, piece.since, key=_since)
    before = held[at - 1] if at else None
    if before and (before.since, before.gift, before.via) == (piece.since, piece.gift, piece.via):
        held[at - 1] = replace(before, amount=before.amount + piece.amount)
    else:
        held.insert(at, piece)


def _since(piece: Piece) -> int:
    return piece.since


def _take_first(held: deque[Piece], taken: list[Piece], amount: int) -> int:
    first = held.popleft()
    if first.amount > amount:
        held.appendleft(replace(first, amount=first.amount - amount))
        first = replace(first, amount=amount)
    taken.append(first)
    return first.amount
