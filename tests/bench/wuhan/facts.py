"""A request period and an offer as the contracts word them."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from services.matching.model.offer import RegisterOffer
from shared.contracts.events import OfferSubmitted, RequestOpened, RequestWithdrawn
from shared.contracts.values import Area, BeneficiaryClass, Category, Channel, Kind, Need
from shared.ids import make_id
from tests.bench.wuhan.assume import Assumptions
from tests.bench.wuhan.needs import HospitalItem
from tests.bench.wuhan.offers import OfferRow
from tests.bench.wuhan.periods import RequestPeriod

SOURCE = "wuhan2020"
UNIT = "件"
DAY = timedelta(days=1)

Registration = tuple[datetime, RegisterOffer]


def make_hospital_id(item_needed: HospitalItem) -> str:
    return make_id("P", SOURCE, item_needed.city, item_needed.hospital)


def make_opened(period: RequestPeriod, quantity: int) -> RequestOpened:
    return RequestOpened(
        person_id=make_hospital_id(period.item_needed),
        kind=Kind.PROJECT,
        category=Category.MEDICAL,
        beneficiary_class=BeneficiaryClass.GENERAL,
        channel=Channel.WEB,
        need=Need(unit=UNIT, quantity=quantity, item=period.item_needed.item),
        area=Area(town_code=period.town_code),
        recorded_at=period.since,
    )


def make_withdrawn(period: RequestPeriod) -> RequestWithdrawn:
    return RequestWithdrawn(person_id=make_hospital_id(period.item_needed))


def list_registrations(
    offers: Iterable[OfferRow], assumed: Assumptions, begins: datetime, ends: datetime
) -> list[Registration]:
    """What can be allocated, in order of publication; older offers from the start."""
    commands = []
    for index, offer in enumerate(offers):
        quantity = assumed.find_offer_quantity(offer)
        if quantity is None or offer.flaw == "area_unknown":
            continue
        first = max(offer.since or begins, begins)
        days = max(0, (ends - first) // DAY) + 1 if assumed.daily else 1
        for day in range(days):
            at = first + day * DAY
            if not offer.is_over(at):
                commands.append((at, _build_registration(offer, f"{index}-{day}", quantity)))
    return sorted(commands, key=lambda pair: (pair[0], pair[1].message_id))


def _build_registration(offer: OfferRow, message_id: str, quantity: int) -> RegisterOffer:
    submitted = OfferSubmitted(
        donor_id=offer.donor_id,
        unit=UNIT,
        quantity=quantity,
        item=offer.item,
        categories=(Category.MEDICAL,),
        town_codes=offer.towns,
        valid_from=offer.since,
        valid_until=offer.until,
    )
    return RegisterOffer(source=SOURCE, message_id=message_id, offer=submitted)
