"""The topics table: what travels where, who writes it, who reads it, for how long."""

from dataclasses import dataclass

DAY_MS = 86_400_000
FOR_EVER = -1


@dataclass(frozen=True, slots=True)
class Topic:
    """key: what the records are keyed by. producer: a service, `every service`, or `outside`."""

    name: str
    key: str
    producer: str
    consumers: tuple[str, ...]
    partitions: int
    retention_ms: int

    @property
    def inbound(self) -> bool:
        """Written from outside: a channel, a partner, a bank."""
        return self.producer == "outside"


REQUESTS_INBOUND = "guanjia.requests.inbound"
OFFERS_INBOUND = "guanjia.offers.inbound"
DONATIONS_INBOUND = "guanjia.donations.inbound"
REQUESTS = "guanjia.requests"
OFFERS = "guanjia.offers"
MATCHES = "guanjia.matches"
LEDGER = "guanjia.ledger"
NOTIFICATIONS = "guanjia.notifications"
RECEIPTS = "guanjia.receipts"
PERSONS = "guanjia.persons"
DEAD_LETTERS = "guanjia.dead-letters"
FEEDBACK = "guanjia.feedback"
EVERY_SERVICE = "every service"

# Inbound topics alone carry personal data: seven days is their erasure deadline.
TOPICS: tuple[Topic, ...] = (
    Topic(REQUESTS_INBOUND, "source", "outside", ("intake",), 6, 7 * DAY_MS),
    Topic(OFFERS_INBOUND, "source", "outside", ("matching",), 6, 7 * DAY_MS),
    Topic(DONATIONS_INBOUND, "source", "outside", ("audit",), 6, 7 * DAY_MS),
    Topic(REQUESTS, "request or regular work", "intake", ("matching", "notify"), 6, 30 * DAY_MS),
    Topic(OFFERS, "offer id", "matching", ("audit",), 6, 30 * DAY_MS),
    Topic(MATCHES, "match id", "matching", ("intake", "notify", "audit"), 6, 30 * DAY_MS),
    # A replay from the topic gives every balance, so it keeps every entry.
    Topic(LEDGER, "match, donation, fund, mandate", "audit", ("matching", "notify"), 6, FOR_EVER),
    Topic(NOTIFICATIONS, "notice id", "notify", (), 6, 30 * DAY_MS),
    Topic(
        RECEIPTS,
        "message, reply, word or provider's id",
        "intake",
        ("matching", "notify"),
        6,
        30 * DAY_MS,
    ),
    Topic(PERSONS, "person or link id", "intake", ("matching", "audit"), 1, 30 * DAY_MS),
    Topic(DEAD_LETTERS, "dead letter id", EVERY_SERVICE, (), 1, 30 * DAY_MS),
    # What became of each record of an inbound topic, for who sent it.
    Topic(FEEDBACK, "source of the record", EVERY_SERVICE, (), 6, 30 * DAY_MS),
)

BY_NAME = {topic.name: topic for topic in TOPICS}
SERVICES = ("intake", "matching", "notify", "audit")


def list_consumed(service: str) -> tuple[Topic, ...]:
    return tuple(topic for topic in TOPICS if service in topic.consumers)


def may_publish(source: str, topic: str) -> bool:
    """Whether one of our own services may write there. Foreign sources are asked by their scope."""
    name = source.removeprefix("/")
    if not source.startswith("/") or name not in SERVICES:
        return False
    return BY_NAME[topic].producer in (name, EVERY_SERVICE)
