"""Invariant 8 over the years: no more of a gift is given back than was given, whenever it is."""

from collections.abc import Sequence

from services.audit.verify.books import Books
from services.audit.verify.books.originals import given_fen
from services.audit.verify.findings import BrokenError
from services.audit.verify.posting import Posting

Place = tuple[str, int, str]
"""A gift: its log, its entry there, and the fund it is given back from."""


def check_earlier_refunds(books: Books, years: Sequence[Posting]) -> None:
    """`years`: the verified logs of the years before that are at hand. A gift on another one is
    passed over. BrokenError for one that was not, or that comes to too much."""
    at_hand = {year.origin: year for year in years}
    for place, refunded in books.earlier_refunds.items():
        year = at_hand.get(place[0])
        if year is not None:
            given = _given(year, place)
            before = [each.books.earlier_refunds.get(place, 0) for each in years]
            refunded += year.books.refunds.get(place[1], 0) + sum(before)
            if refunded > given:
                message = f"{refunded} fen refunded of a gift of {given}"
                raise BrokenError(8, f"{message}, entry {place[1]} of {place[0]}")


def _given(year: Posting, place: Place) -> int:
    log, index, fund = place
    gift = year.entry(index)
    if gift is None or gift["kind"] != "donation_received":
        raise BrokenError(8, f"entry {index} of {log} is no gift")
    if gift["fund"] != fund or index in year.books.reversed_entries:
        raise BrokenError(8, f"entry {index} of {log} is no gift to fund {fund}, or was reversed")
    return given_fen(gift)
