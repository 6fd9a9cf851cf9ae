"""Needs and offers in the catalogue's words, before they are decided: then they fit."""

from dataclasses import replace

from services.matching.messages import ITEM_WITH_NUMBER
from services.matching.model.offer import RegisterOffer
from shared.catalogue import Catalogue
from shared.contracts.envelope import Event
from shared.contracts.events import OfferSubmitted, RequestOpened
from shared.errors import Invalid
from shared.messaging.decision import Command
from shared.personal import has_number


def name_submitted(catalogue: Catalogue, event: Event[OfferSubmitted]) -> Event[OfferSubmitted]:
    """Raises Invalid."""
    return event.model_copy(update={"data": name_offer(catalogue, event.data)})


def name_registered(catalogue: Catalogue, item: Command[RegisterOffer]) -> Command[RegisterOffer]:
    """Raises Invalid."""
    offer = name_offer(catalogue, item.data.offer)
    return replace(item, data=item.data.model_copy(update={"offer": offer}))


def name_opened(catalogue: Catalogue, event: Event[RequestOpened]) -> Event[RequestOpened]:
    """Intake of before the catalogue said what was written."""
    need = event.data.need
    reading = catalogue.read(need.item, need.unit)
    if need.is_money or not reading.is_sure or not reading.unit:
        return event
    named = need.model_copy(update={"item": reading.item, "unit": reading.unit})
    return event.model_copy(update={"data": event.data.model_copy(update={"need": named})})


def name_offer(catalogue: Catalogue, offer: OfferSubmitted) -> OfferSubmitted:
    """What the catalogue does not know stays as the donor wrote it. Raises Invalid."""
    wrong = [name for name in ("item", "unit") if has_number(getattr(offer, name))]
    if wrong:
        raise Invalid(*(ITEM_WITH_NUMBER.problem(name) for name in wrong))
    reading = catalogue.read(offer.item, offer.unit)
    if offer.is_money or not reading.is_sure:
        return offer
    changes: dict[str, object] = {"item": reading.item, "unit": reading.unit or offer.unit}
    return offer.model_copy(update=changes)
