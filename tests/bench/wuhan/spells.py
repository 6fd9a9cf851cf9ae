"""One request after another for each need, and what became of each."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from tests.bench.wuhan.assume import Assumptions
from tests.bench.wuhan.needs import Wanted
from tests.bench.wuhan.offers import Offered

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
class Spell:
    """The time in which a hospital said one and the same of one item: a request of its own.

    since: when it began to wait, also under quantities before this one. said: as in the file.
    asked: pieces; what was assumed where it did not say, None where nothing may be. standing:
    pieces that stand at the end; freed: pieces that a withdrawal gave back. reason: for the rest.
    """

    request_id: str
    wanted: Wanted
    town_code: str
    opened_at: datetime
    since: datetime
    said: int
    asked: int | None
    standing: int = 0
    freed: int = 0
    matched_at: datetime | None = None
    ended_at: datetime | None = None
    reason: Ending = "waiting"

    @property
    def pieces(self) -> int:
        return self.asked or 0

    @property
    def ending(self) -> Ending:
        if self.freed:
            return "matched_then_withdrawn"
        if self.standing and self.standing == self.asked:
            return "matched"
        return "matched_in_part" if self.standing else self.reason

    def shares(self) -> dict[Ending, int]:
        """Its pieces by what became of them."""
        rest = self.pieces - self.standing - self.freed
        found: dict[Ending, int] = {"matched": self.standing, "matched_then_withdrawn": self.freed}
        return found | {self.reason: rest} if rest else found


def reason(spell: Spell, offers: Iterable[Offered], assumed: Assumptions, now: datetime) -> Ending:
    """Why the rest of it found nothing: the first thing that would have had to be otherwise.

    offers: those published by then. Whether the stock is spent is for the player to say.
    """
    mine = [o for o in offers if o.item == spell.wanted.item and o.flaw != "twice"]
    goods = [o for o in mine if o.kind == "factory"]
    if not goods:
        transport = [o for o in offers if o.kind == "logistical" and o.reaches(spell.town_code)]
        return "transport_only" if transport else "no_offer"
    if not assumed.unlicensed and not any(o.licensed for o in goods):
        return "offer_unlicensed"
    usable = [o for o in goods if assumed.quantity_of(o) is not None]
    if not usable:
        return "offer_quantity_unknown"
    near = [o for o in usable if o.flaw != "area_unknown" and o.reaches(spell.town_code)]
    if not near:
        return "area_differs"
    if all(o.is_over(now) for o in near):
        return "offer_over"
    return "need_quantity_unknown" if spell.asked is None else "stock_exhausted"
