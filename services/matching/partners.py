"""Persons as a partner knows them: the ids are translated here, and behind here are the house's."""

from typing import Any

from services.matching.messages import DONOR_FOREIGN
from shared.contracts.envelope import Event
from shared.contracts.events import OfferSubmitted
from shared.partner_ids import PartnerIds, UnknownPartnerId, is_partner
from shared.runtime import Runtime
from shared.security import Credential


def reveal_donor(ids: PartnerIds, source: str, offer: OfferSubmitted) -> OfferSubmitted:
    """The offer with the house's id of its donor. Raises Invalid for an id not given to him."""
    try:
        return offer.model_copy(update={"donor_id": ids.reveal(source, offer.donor_id)})
    except UnknownPartnerId:
        raise DONOR_FOREIGN.invalid("donor_id") from None


def prepare_offer(ids: PartnerIds, event: Event[OfferSubmitted]) -> Event[OfferSubmitted]:
    """Whatever comes by the topic comes from a partner. Raises Invalid."""
    revealed = reveal_donor(ids, event.source, event.data)
    return event.model_copy(update={"data": revealed})


def translate_offer(
    runtime: Runtime[Any, Any], caller: Credential, offer: OfferSubmitted
) -> OfferSubmitted:
    """As prepare_offer, where it comes by HTTP; staff speak in the house's ids. Raises Invalid."""
    if not is_partner(caller):
        return offer
    return reveal_donor(PartnerIds.of(runtime.keyring), caller.speaks_as, offer)


def hide_persons(
    runtime: Runtime[Any, Any], caller: Credential, view: dict[str, object]
) -> dict[str, object]:
    """An offer or match as this caller may see it: to a partner who receives is not named."""
    if not is_partner(caller):
        return view
    donor_id = PartnerIds.of(runtime.keyring).hide(caller.speaks_as, str(view["donor_id"]))
    return {k: v for k, v in view.items() if k != "person_id"} | {"donor_id": donor_id}
