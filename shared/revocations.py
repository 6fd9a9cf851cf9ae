"""Links that are revoked: one, all about an aggregate, or all of a person.

Every service that opens links has these states of its own, so that opening one asks nobody else.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from shared.contracts.envelope import Event, Fact
from shared.contracts.events import PersonErased, PersonLinksRevoked
from shared.contracts.values import Identifier, Value
from shared.link_tokens import LinkToken
from shared.messaging.decision import Answer, AnyHandler, Command, Decision, Handler, State, States
from shared.moments import milliseconds


class LinkRevocation(State):
    """Of one link (its id), or of all that were made until then for a person or an aggregate."""

    COLLECTION: ClassVar[str] = "link_revocations"

    revoked_at: datetime
    revoked_by: str = ""

    def ends(self, link: LinkToken) -> bool:
        return self.id == link.id or link.made_ms <= milliseconds(self.revoked_at)


class RevokeLinks(Value):
    """target: the id of a link, of a person or of the aggregate that the links are about."""

    target: Identifier


def revoke(target: str, now: datetime, by: str = "") -> LinkRevocation:
    """A second revocation reaches the links made since the first."""
    return LinkRevocation(id=target, revoked_at=now, revoked_by=by)


def decide_revoke_links(states: States, command: Command[RevokeLinks], now: datetime) -> Decision:
    target = command.data.target
    states.get(LinkRevocation, target)
    answer = Answer(200, {"revoked": target, "revoked_at": now.isoformat()})
    return Decision((revoke(target, now, command.principal),), answer=answer)


def decide_person_gone(
    states: States, event: Event[PersonErased] | Event[PersonLinksRevoked], now: datetime
) -> Decision:
    states.get(LinkRevocation, event.subject)
    return Decision((revoke(event.subject, now),))


EVENTS: Mapping[type[Fact], AnyHandler] = {
    PersonErased: Handler(decide=decide_person_gone),
    PersonLinksRevoked: Handler(decide=decide_person_gone),
}
COMMANDS: Mapping[type[Value], AnyHandler] = {RevokeLinks: Handler(decide=decide_revoke_links)}
