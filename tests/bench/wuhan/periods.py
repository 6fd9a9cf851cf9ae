"""One request after another for each need, and what became of each."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from tests.bench.wuhan.assume import Assumptions
from tests.bench.wuhan.needs import HospitalItem
from tests.bench.wuhan.offers import OfferRow

Ending = Literal[
    "matched",
    "matched_in_part",
    "matched_then_withdrawn",
    "no_offer",
    "transport_only",
    "offer_quantity_unknown",
    "offer_unlicensed",
    "offer_over",
    "area_differs",
    "need_quantity_unknown",
    "stock_exhausted",
    "withdrawn_before_match",
    "waiting",
]
ENDINGS: tuple[Ending, ...] = get_args(Ending)


@dataclass(slots=True)
class RequestPeriod:
    """The time in which a hospital said one and the same of one item: a request of its own.

    since: when it began to wait, also under quantities before this one. said: as in the file.
    asked: pieces; what was assumed where it did not say, None where nothing may be. standing:
    pieces that stand at the end; freed: pieces that a withdrawal gave back. reason: for the rest.
    """

    request_id: str
    item_needed: HospitalItem
    town_code: str
    opened_at: datetime
    since: datetime
    stated: int
    requested: int | None
    standing: int = 0
    freed: int = 0
    matched_at: datetime | None = None
    ended_at: datetime | None = None
    reason: Ending = "waiting"

    @property
    def pieces(self) -> int:
        return self.requested or 0

    @property
    def ending(self) -> Ending:
        if self.freed:
            return "matched_then_withdrawn"
        if self.standing and self.standing == self.requested:
            return "matched"
        return "matched_in_part" if self.standing else self.reason

    def shares(self) -> dict[Ending, int]:
        """Its pieces by what became of them."""
        rest = self.pieces - self.standing - self.freed
        pieces: dict[Ending, int] = {"matched": self.standing, "matched_then_withdrawn": self.freed}
        return pieces | {self.reason: rest} if rest else pieces


def explain_rest(
    period: RequestPeriod, offers: Iterable[OfferRow], assumed: Assumptions, now: datetime
) -> Ending:
    """Why the rest of it found nothing: the first thing that would have had to be otherwise.

    offers: those published by then. Whether the stock is spent is for the player to say.
    """
    offered = [o for o in offers if o.item == period.item_needed.item and o.flaw != "twice"]
    goods = [o for o in offered if o.kind == "factory"]
    if not goods:
        transport = [o for o in offers if o.kind == "logistical" and o.reaches(period.town_code)]
        return "transport_only" if transport else "no_offer"
    if not assumed.unlicensed and not any(o.licensed for o in goods):
        return "offer_unlicensed"
    usable = [o for o in goods if assumed.find_offer_quantity(o) is not None]
    if not usable:
        return "offer_quantity_unknown"
    near = [o for o in usable if o.flaw != "area_unknown" and o.reaches(period.town_code)]
    if not near:
        return "area_differs"
    if all(o.is_over(now) for o in near):
        return "offer_over"
    return "need_quantity_unknown" if period.requested is None else "stock_exhausted"
