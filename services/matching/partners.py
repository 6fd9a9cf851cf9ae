"""Persons as a partner knows them: the ids are translated here, and behind here are ours."""

from shared.contracts.envelope import Event
from shared.contracts.events import OfferSubmitted
from shared.partner_ids import PartnerIds, hide_donor, is_partner, reveal_donor
from shared.runtime import Runtime
from shared.security import Credential


def prepare_offer(ids: PartnerIds, event: Event[OfferSubmitted]) -> Event[OfferSubmitted]:
    """Whatever comes by the topic comes from a partner. Raises Invalid."""
    donor_id = ids.reveal_donor(event.source, event.data.donor_id)
    revealed = event.data.model_copy(update={"donor_id": donor_id})
    return event.model_copy(update={"data": revealed})


def translate_offer(runtime: Runtime, caller: Credential, offer: OfferSubmitted) -> OfferSubmitted:
    """As prepare_offer, where it comes by HTTP; staff use our internal ids. Raises Invalid."""
    donor_id = reveal_donor(runtime.keyring, caller, offer.donor_id)
    return offer.model_copy(update={"donor_id": donor_id})


def hide_persons(
    runtime: Runtime, caller: Credential, view: dict[str, object]
) -> dict[str, object]:
    """An offer or match as this caller may see it: to a partner who receives is not named."""
    seen = hide_donor(runtime.keyring, caller, view)
    return {k: v for k, v in seen.items() if k != "person_id"} if is_partner(caller) else seen
