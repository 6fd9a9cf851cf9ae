"""From what a bank sent to what is decided: free text sealed, content known by a keyed digest."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from services.audit.model import Donation, FromBank, donation_id
from shared.contracts.envelope import Event, Fact, content_digest
from shared.contracts.events import DonationReceived
from shared.messaging.sealing import Sealer


class BankSecrets:
    """What a giver wrote may be personal: it is kept sealed, and nobody can try guesses at it."""

    def __init__(self, derived: Callable[[str], bytes]) -> None:
        """derived: `keyring.derived`, a 32-byte key for each purpose."""
        self._designations = Sealer(derived("designations"))
        self._digests = derived("bank-contents")

    def prepare(self, event: Event[Any]) -> Event[Any]:
        fact: Fact = event.data
        sealed = None
        if isinstance(fact, DonationReceived) and fact.designation:
            sealed = self._designations.seal(donation_id(event), fact.designation.encode())
        content = self._digest(fact)
        told = FromBank(_without_text(fact), content, sealed)
        return event.model_copy(update={"data": told})

    def designation(self, donation: Donation) -> str:
        """As it was written; empty where nothing was."""
        if donation.designation is None:
            return ""
        return self._designations.unseal(donation.id, donation.designation).decode()

    def _digest(self, fact: Fact) -> bytes:
        # Organisations add, drop and correct a designation when they publish a gift again.
        said = fact.model_dump(exclude={"statement", "designation"})
        content = json.dumps([fact.TYPE, said], sort_keys=True, default=_in_utc)
        return content_digest(content.encode(), self._digests)


def _without_text(fact: Fact) -> Fact:
    if not isinstance(fact, DonationReceived):
        return fact
    return fact.model_copy(update={"designation": ""})


def _in_utc(value: datetime) -> str:
    """However its time zone was written."""
    return value.astimezone(UTC).isoformat()
