"""The organisation's own sign-in, as the pages use it; `provider.py` speaks OpenID Connect."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from services.intake.settings import IntakeSettings
from shared.documents import Document
from shared.errors import Transient
from shared.http import FetchingClient
from shared.messaging.sealing import Sealer
from shared.security import Keyring

ERRAND_LASTS = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Errand:
    """Why a browser is sent there. back: the page it comes back to. invitation: the token of the
    one that it takes; empty for who signs in."""

    back: str
    invitation: str = ""


@dataclass(frozen=True, slots=True)
class Departure:
    """url: where the browser goes. baggage: sealed, for a cookie of it; needed when it is back."""

    url: str
    baggage: str


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who came back. identity_id: keyed digest of issuer and subject, the same at every sign-in.

    claims: of the ID token, never stored.
    """

    identity_id: str
    claims: Document
    errand: Errand


class ProviderAway(Transient):
    """It does not answer, or not as a provider does."""


class SignInProvider(Protocol):
    async def depart(self, errand: Errand, callback: str, now: datetime) -> Departure:
        """Raises ProviderAway."""
        ...

    async def arrive(
        self, baggage: str, query: Mapping[str, str], callback: str, now: datetime
    ) -> Visitor:
        """Raises Unauthenticated for what is forged, over or refused, and ProviderAway."""
        ...

    async def find_sign_out(self, back: str, now: datetime) -> str | None:
        """Where one signs out there too; None where it has no such page. Raises ProviderAway."""
        ...


def build_provider(
    settings: IntakeSettings, keyring: Keyring, sealer: Sealer, http: FetchingClient
) -> SignInProvider | None:
    """None where the organisation has none, and then its library is not imported either."""
    if not settings.oidc_issuer:
        return None
    from services.intake.sign_in.provider import OpenIdProvider

    naming = keyring.derive_identity_key("organisation-sign-in")
    return OpenIdProvider(settings, naming, sealer, http)
