"""What intake says of persons: that they are gone, or that their links are."""

from typing import ClassVar

from shared.contracts import topics
from shared.contracts.envelope import Fact


class PersonErased(Fact):
    """Nobody can be reached or named by this id any more; its links open nothing."""

    TYPE: ClassVar[str] = "guanjia.person.erased.v1"
    TOPIC: ClassVar[str] = topics.PERSONS


class PersonLinksRevoked(Fact):
    """Every link that was made for this person until now opens nothing, such as of a lost phone."""

    TYPE: ClassVar[str] = "guanjia.person.links_revoked.v1"
    TOPIC: ClassVar[str] = topics.PERSONS
