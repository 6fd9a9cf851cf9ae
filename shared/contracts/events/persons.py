"""What intake says of persons: that they are gone, that their links are, that two are one."""

from typing import ClassVar

from shared.contracts import topics
from shared.contracts.envelope import Fact
from shared.contracts.values import Identifier


class PersonErased(Fact):
    """Nobody can be reached or named by this id any more; its links open nothing."""

    TYPE: ClassVar[str] = "guanjia.person.erased.v1"
    TOPIC: ClassVar[str] = topics.PERSONS


class PersonLinksRevoked(Fact):
    """Every link that was made for this person until now opens nothing, such as of a lost phone."""

    TYPE: ClassVar[str] = "guanjia.person.links_revoked.v1"
    TOPIC: ClassVar[str] = topics.PERSONS


class LinkRevoked(Fact):
    """The subject is the id of one link, or of all about one request: it opens nothing any more,
    nor does what was made on the page of a request that it opened."""

    TYPE: ClassVar[str] = "guanjia.link.revoked.v1"
    TOPIC: ClassVar[str] = topics.PERSONS


class PersonJoined(Fact):
    """These records are one person, by an ID number with a name or by somebody's word."""

    TYPE: ClassVar[str] = "guanjia.person.joined.v1"
    TOPIC: ClassVar[str] = topics.PERSONS
    person_ids: tuple[Identifier, ...]


class PersonSeparated(Fact):
    """The subject is another person than these, with whom it was joined."""

    TYPE: ClassVar[str] = "guanjia.person.separated.v1"
    TOPIC: ClassVar[str] = topics.PERSONS
    person_ids: tuple[Identifier, ...]


FACTS: tuple[type[Fact], ...] = (
    PersonErased,
    PersonLinksRevoked,
    LinkRevoked,
    PersonJoined,
    PersonSeparated,
)
