"""From what a bank sent to what is decided: free text sealed, content known by a keyed digest."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from services.audit.model import BankEvent, Donation, donation_id
from shared.contracts.envelope import Event, Fact, digest_content
from shared.contracts.events import DonationReceived
from shared.messaging.sealing import Sealer

F = TypeVar("F", bound=Fact)


class BankSecrets:
    """What a giver wrote may be personal: it is stored sealed, and nobody can try guesses at it."""

    def __init__(self, derived: Callable[[str], bytes]) -> None:
        """derived: `keyring.derive_key`, a 32-byte key for each purpose."""
        self._designations = Sealer(derived("designations"))
        self._digests = derived("bank-contents")

    def prepare(self, event: Event[F]) -> BankEvent[F]:
        fact, sealed = event.data, None
        if isinstance(fact, DonationReceived) and fact.designation:
            id_ = donation_id(event.source, event.id)
            sealed = self._designations.seal(id_, fact.designation.encode())
        return BankEvent[F].model_construct(
            **dict(event) | {"data": _remove_text(fact)},
            digest=self._digest(fact),
            designation=sealed,
        )

    def open_designation(self, donation: Donation) -> str:
        """What the giver wrote; empty where nothing was."""
        if donation.designation is None:
            return ""
        return self._designations.unseal(donation.id, donation.designation).decode()

    def _digest(self, fact: Fact) -> bytes:
        # Organisations add, drop and correct a designation when they publish a gift again.
        fields = fact.model_dump(exclude={"statement", "designation"})
        content = json.dumps([fact.TYPE, fields], sort_keys=True, default=_format_utc)
        return digest_content(content.encode(), self._digests)


def _remove_text(fact: F) -> F:
    if not isinstance(fact, DonationReceived):
        return fact
    return fact.model_copy(update={"designation": ""})


def _format_utc(value: datetime) -> str:
    """However its time zone was written."""
    return value.astimezone(UTC).isoformat()
