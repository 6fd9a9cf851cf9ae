"""A spell and an offer in the words of the contracts."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from services.matching.model.offer import RegisterOffer
from shared.contracts.events import OfferSubmitted, RequestOpened, RequestWithdrawn
from shared.contracts.values import Area, BeneficiaryClass, Category, Channel, Kind, Need
from shared.ids import derived_id
from tests.bench.wuhan.assume import Assumptions
from tests.bench.wuhan.needs import Wanted
from tests.bench.wuhan.offers import Offered
from tests.bench.wuhan.spells import Spell

SOURCE = "wuhan2020"
UNIT = "件"
DAY = timedelta(days=1)

Registration = tuple[datetime, RegisterOffer]


def hospital_id(wanted: Wanted) -> str:
    return derived_id("P", SOURCE, wanted.city, wanted.hospital)


def opened(spell: Spell, asked: int) -> RequestOpened:
    return RequestOpened(
        person_id=hospital_id(spell.wanted),
        kind=Kind.PROJECT,
        category=Category.MEDICAL,
        beneficiary_class=BeneficiaryClass.GENERAL,
        channel=Channel.WEB,
        need=Need(unit=UNIT, quantity=asked, item=spell.wanted.item),
        area=Area(town_code=spell.town_code),
        recorded_at=spell.since,
    )


def withdrawn(spell: Spell) -> RequestWithdrawn:
    return RequestWithdrawn(person_id=hospital_id(spell.wanted))


def registrations(
    offers: Iterable[Offered], assumed: Assumptions, begins: datetime, ends: datetime
) -> list[Registration]:
    """What can be allocated, in order of when it is heard of; what is older from the start."""
    found = []
    for index, offer in enumerate(offers):
        quantity = assumed.quantity_of(offer)
        if quantity is None or offer.flaw == "area_unknown":
            continue
        first = max(offer.since or begins, begins)
        days = max(0, (ends - first) // DAY) + 1 if assumed.daily else 1
        for day in range(days):
            at = first + day * DAY
            if not offer.is_over(at):
                found.append((at, _registration(offer, f"{index}-{day}", quantity)))
    return sorted(found, key=lambda pair: (pair[0], pair[1].message_id))


def _registration(offer: Offered, message_id: str, quantity: int) -> RegisterOffer:
    said = OfferSubmitted(
        donor_id=offer.donor_id,
        unit=UNIT,
        quantity=quantity,
        item=offer.item,
        categories=(Category.MEDICAL,),
        town_codes=offer.towns,
        valid_from=offer.since,
        valid_until=offer.until,
    )
    return RegisterOffer(source=SOURCE, message_id=message_id, offer=said)
