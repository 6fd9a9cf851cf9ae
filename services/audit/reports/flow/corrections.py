"""Refunds and reversals: whose money goes back, and who takes over what it had paid."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import cast

from services.audit.ledger.kinds import kind_of
from services.audit.ledger.movements import MONEY, sum_entering, sum_leaving, sum_promised
from services.audit.reports.flow.gifts import Gifts
from services.audit.reports.flow.pieces import EntryKey, Piece, Place, Use, cut
from shared.contracts.ledger import Disbursement, LedgerEntry, Refund, Release, Reversal, Transfer

_TAKEN_OVER: dict[Use, int] = {"promised": 0, "unspent": 1, "spent": 2, "fee": 3}
"""What others take over of a gift that goes back, in this order."""


def refund(gifts: Gifts, entry: Refund) -> None:
    numbers = gifts.gift_numbers.get((entry["gift"]["log"], entry["gift"]["index"]), [None])
    for (fund, unit), amount in sum_leaving(entry).items():
        place = Place("refunded", fund, unit, (entry["log"], entry["index"]))
        _give_back(gifts, numbers[0], place, amount, entry)


def reverse(gifts: Gifts, entry: Reversal, original: LedgerEntry) -> None:
    key = (original["log"], original["index"])
    match kind_of(original).traced:
        case "arrives":
            for number in gifts.gift_numbers[key]:
                gift = gifts.gifts[number]
                place = Place("reversed", gift.fund, gift.unit, (entry["log"], entry["index"]))
                _give_back(gifts, number, place, gift.amount, entry)
        case "paid":
            promise = promise_of(gifts, cast(Disbursement, original))
            for place in gifts.entry_places[key]:
                gifts.places.put(promise, gifts.places.take_all(place))
        case "released":
            promise = promise_of(gifts, cast(Release, original))
            pieces = gifts.take(promise.fund, MONEY, sum_promised(original), entry)
            gifts.places.put(promise, pieces)
        case "moved":
            _return(gifts, entry, cast(Transfer, original))
        case _:
            for place in gifts.entry_places[key]:
                gifts.free(place.fund, place.unit, gifts.places.take_all(place))


def promise_of(gifts: Gifts, settled: Disbursement | Release) -> Place:
    """Where the pieces lie that the settled commitment set aside."""
    return gifts.entry_places[settled["log"], settled["commitment"]][0]


def _give_back(
    gifts: Gifts, gift: int | None, place: Place, amount: int, entry: LedgerEntry
) -> None:
    """`amount` of `gift` leaves its fund; a gift of a log that was not read has no pieces."""
    own = list[Piece]()
    if gift is not None:
        since, unspent = gifts.gifts[gift].since, Place("unspent", place.fund, place.unit)
        own = gifts.places.take_at(unspent, amount, since, gift)
    missing = amount - sum(piece.amount for piece in own)
    others = gifts.take(place.fund, place.unit, missing, entry)
    if gift is not None:
        own += [new for piece in others for new in _take_over(gifts, gift, piece, place)]
        others = []
    gifts.put(place, [*own, *others], entry)


def _take_over(gifts: Gifts, gift: int, piece: Piece, back: Place) -> Iterator[Piece]:
    """`piece` takes the place of `gift`, the latest use first, and goes back in its name."""
    used = [each for each in gifts.places.of_gift(gift) if each[0].use in _TAKEN_OVER]
    used.reverse()
    for place, own in sorted(used, key=lambda each: _TAKEN_OVER[each[0].use]):
        amount = min(own.amount, piece.amount)
        if not amount:
            return
        within = place.fund == back.fund
        way, back_way = (piece.via, own.via) if within else (own.via, ())
        gifts.places.hand_over(place, own, amount, to=replace(piece, via=way))
        yield replace(piece, gift=gift, amount=amount, via=back_way)
        piece = replace(piece, amount=piece.amount - amount)
    if piece.amount:
        yield piece


def _return(gifts: Gifts, entry: Reversal, original: Transfer) -> None:
    """A transfer undone: the same pieces go back, to where they stood before."""
    key, pool = (original["log"], original["index"]), list[Piece]()
    for (fund, unit), amount in sum_entering(original).items():
        since, unspent = gifts.moved[key].since, Place("unspent", fund, unit)
        same = gifts.places.take_at(unspent, amount, since)
        pool.extend(same)
        missing = amount - sum(piece.amount for piece in same)
        for piece in gifts.take(fund, unit, missing, entry):
            pool.extend(_fetched(gifts, key, fund, piece))
    for (fund, unit), amount in sum_leaving(original).items():
        taken, pool = cut(pool, amount)
        gifts.free(fund, unit, _as_before(gifts, key, taken))


def _fetched(gifts: Gifts, transfer: EntryKey, fund: str, piece: Piece) -> Iterator[Piece]:
    """What came by `transfer` and is used in `fund`; `piece`, of the fund, takes its place."""
    for gift in gifts.moved[transfer].before:
        for place, used in list(gifts.places.of_gift(gift)):
            if place.fund != fund or used.via[-1:] != (transfer,) or place.use not in _TAKEN_OVER:
                continue
            amount = min(used.amount, piece.amount)
            if not amount:
                return
            gifts.places.hand_over(place, used, amount, to=piece)
            yield replace(used, amount=amount)
            piece = replace(piece, amount=piece.amount - amount)
    if piece.amount:
        yield piece


def _as_before(gifts: Gifts, transfer: EntryKey, pieces: Iterable[Piece]) -> Iterator[Piece]:
    for piece in pieces:
        since = gifts.moved[transfer].before.get(piece.gift, gifts.number)
        way = piece.via[:-1] if piece.via[-1:] == (transfer,) else piece.via
        yield replace(piece, since=since, via=way)
