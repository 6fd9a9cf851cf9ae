"""What became of a gift: every fen of it, or every thing, in exactly one use.

All gifts of its fund are followed, because which money pays for what follows from their order, and
those of each fund that transfers tie to it; of other funds no entry is parsed. Ids and codes only,
as the log has them: nobody is named.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from services.audit.ledger.movements import Unit
from services.audit.ledger.published import PublishedLog
from services.audit.reports.flow.entries import follow_log
from services.audit.reports.flow.funds import find_entries_of
from services.audit.reports.flow.gifts import (
    EntryKey,
    Gifts,
    Origin,
    Place,
    TracedGift,
    TraceError,
    Use,
)


@dataclass(frozen=True, slots=True)
class TracedPart:
    """So much of a gift, in one use. match and purpose: where it is promised or spent. entries: the
    leaves that did it. via: transfers between funds on its way."""

    use: Use
    fund: str
    unit: Unit
    amount: int
    match: str
    purpose: tuple[tuple[str, str], ...]
    entries: tuple[EntryKey, ...]
    via: tuple[EntryKey, ...]


@dataclass(frozen=True, slots=True)
class Trace:
    """The gifts of one donation (its id is their subject; by custom there is one) and their parts.
    The amounts of the parts are, unit by unit, those of the gifts."""

    donation: str
    gifts: tuple[TracedGift, ...]
    parts: tuple[TracedPart, ...]
    fund_names: dict[str, str]
    references: dict[EntryKey, str]
    """The documents behind the transfers in `via`."""

    def sum_totals(self) -> dict[tuple[Unit, Use], int]:
        sums: dict[tuple[Unit, Use], int] = {}
        for part in self.parts:
            place = (part.unit, part.use)
            sums[place] = sums.get(place, 0) + part.amount
        return sums

    def to_json(self) -> dict[str, object]:
        return {
            "donation": self.donation,
            "gifts": [
                {
                    "entry": _format_key(gift.entry),
                    "fund": gift.fund,
                    "recorded_at": gift.recorded_at,
                    **gift.unit.to_json(gift.amount),
                }
                for gift in self.gifts
            ],
            "parts": [self._describe_part(part) for part in self.parts],
            "totals": [
                {"use": use, **unit.to_json(amount)}
                for (unit, use), amount in self.sum_totals().items()
            ],
        }

    def _describe_part(self, part: TracedPart) -> dict[str, object]:
        about = {"match": part.match, "purpose": dict(part.purpose)} if part.match else {}
        via = [{**_format_key(key), "reference": self.references[key]} for key in part.via]
        return {
            "use": part.use,
            "fund": part.fund,
            **part.unit.to_json(part.amount),
            **about,
            "entries": [_format_key(key) for key in part.entries],
            "via": via,
        }


def trace(donation: str, logs: Iterable[PublishedLog]) -> Trace:
    """Follow a donation through the logs, given year after year. TraceError if it is not there."""
    read = list(logs)
    gifts = Gifts()
    for log, numbers in zip(read, find_entries_of(donation, read), strict=True):
        follow_log(gifts, log, numbers)
    traced = trace_in(gifts, donation)
    if not traced.gifts:
        raise TraceError(f"日志中没有捐赠 {donation}; the logs have no donation of this id")
    return traced


def follow(logs: Iterable[PublishedLog]) -> Gifts:
    """All gifts of the logs; TraceError where the logs do not follow on one another."""
    gifts = Gifts()
    for log in logs:
        follow_log(gifts, log)
    return gifts


def trace_in(gifts: Gifts, donation: str, origin: Origin = "gift") -> Trace:
    """One donation among gifts already followed."""
    numbers = [
        number
        for number, gift in enumerate(gifts.gifts)
        if (gift.subject, gift.origin) == (donation, origin)
    ]
    return Trace(
        donation,
        tuple(gifts.gifts[number] for number in numbers),
        tuple(_list_parts(gifts, numbers)),
        gifts.fund_names,
        gifts.references,
    )


_ORDER: tuple[Use, ...] = ("spent", "promised", "unspent", "fee", "lost", "refunded", "reversed")


def _list_parts(gifts: Gifts, numbers: Iterable[int]) -> Iterator[TracedPart]:
    sums: dict[tuple[Place, tuple[EntryKey, ...]], tuple[int, dict[EntryKey, None]]] = {}
    for number in numbers:
        for place, piece in gifts.places.list_pieces(number):
            entry = place.entry
            alike = Place(place.use, place.fund, place.unit, None, place.match, place.purpose)
            amount, entries = sums.setdefault((alike, piece.via), (0, {}))
            if entry:
                entries[entry] = None
            sums[alike, piece.via] = (amount + piece.amount, entries)
    for (place, via), (amount, entries) in sorted(
        sums.items(), key=lambda each: _ORDER.index(each[0][0].use)
    ):
        use = (place.use, place.fund, place.unit, amount, place.match, place.purpose)
        yield TracedPart(*use, tuple(sorted(entries)), via)


def _format_key(key: EntryKey) -> dict[str, str | int]:
    return {"log": key[0], "index": key[1]}
