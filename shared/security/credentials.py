"""Who there is: a credential, whose it is, what it may do and where, and what it may sign with."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from shared.contracts import topics
from shared.contracts.values import Moment, Value


class Role(StrEnum):
    COLLECTOR = "collector"
    APPROVER_VILLAGE = "approver_village"
    APPROVER_TOWN = "approver_town"
    APPROVER_CITY = "approver_city"
    FINANCE_MAKER = "finance_maker"
    FINANCE_CHECKER = "finance_checker"
    AUDITOR = "auditor"
    SUPPORT = "support"
    OPERATOR = "operator"
    # machines and partners
    CHANNEL = "channel"
    DONOR_PARTNER = "donor_partner"
    BANK = "bank"
    SERVICE = "service"
    CALLBACK = "callback"
    MONITOR = "monitor"


STAFF = frozenset(
    {
        Role.COLLECTOR,
        Role.APPROVER_VILLAGE,
        Role.APPROVER_TOWN,
        Role.APPROVER_CITY,
        Role.FINANCE_MAKER,
        Role.FINANCE_CHECKER,
        Role.AUDITOR,
        Role.SUPPORT,
        Role.OPERATOR,
    }
)

# What a foreign source may publish follows from its role.
PUBLISHES: dict[Role, str] = {
    Role.CHANNEL: topics.REQUESTS_INBOUND,
    Role.DONOR_PARTNER: topics.OFFERS_INBOUND,
    Role.BANK: topics.DONATIONS_INBOUND,
}


class PublisherKey(Value):
    """One key of a source. The key is derived; the register holds its salt and its end alone.

    salt: empty for the first key of a source. valid_until: None while no other key takes over.
    """

    salt: str = ""
    valid_until: Moment | None = None

    def is_valid(self, now: datetime) -> bool:
        return self.valid_until is None or now < self.valid_until


FIRST_KEY = PublisherKey()


class Credential(Value):
    """area: the town or village code this one may see; empty is the whole city.

    source: the CloudEvents source it speaks as, `/channels/<id>` for a channel.
    holder: the human it belongs to, by a staff number (it stands on the ledger); empty: its own id.
    publisher_keys: what its source may sign with, the newest last.
    """

    id: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,60}$")]
    secret_sha256: str
    roles: frozenset[Role]
    area: str = ""
    source: str = ""
    holder: Annotated[str, Field(pattern=r"^[a-z0-9-]{0,60}$")] = ""
    expires_at: Moment | None = None
    revoked: bool = False
    publisher_keys: tuple[PublisherKey, ...] = (FIRST_KEY,)

    @property
    def principal(self) -> str:
        """Who acts: the same for all credentials of one human."""
        return self.holder or self.id

    @property
    def speaks_as(self) -> str:
        """Whose idempotency keys and offers are its own."""
        return self.source or self.id

    @property
    def may_publish(self) -> bool:
        """Whether any of its roles speaks on a topic."""
        return bool(self.source) and not self.roles.isdisjoint(PUBLISHES)

    def has_expired(self, now: datetime) -> bool:
        return self.expires_at is not None and now >= self.expires_at

    def is_valid(self, now: datetime) -> bool:
        return not self.revoked and not self.has_expired(now)

    def list_valid_keys(self, now: datetime) -> tuple[PublisherKey, ...]:
        """What its records may be signed with, the newest last; none of one that is not valid."""
        if not self.is_valid(now):
            return ()
        return tuple(key for key in self.publisher_keys if key.is_valid(now))

    def sees(self, town_code: str, village_code: str | None = None) -> bool:
        return (village_code or town_code).startswith(self.area)


class Unauthenticated(Exception):  # noqa: N818 - what the answer says
    """Nobody known is there."""
