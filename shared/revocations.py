"""Links that are revoked: one, all about an aggregate, or all of a person.

Every service that opens links has these states of its own, so that opening one asks nobody else.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from shared.contracts.envelope import Event, Fact
from shared.contracts.events import LinkRevoked, PersonErased, PersonLinksRevoked
from shared.contracts.values import Identifier, Value
from shared.link_tokens import LinkToken
from shared.messaging.decision import Answer, AnyHandler, Command, Decision, Handler, State, States
from shared.moments import count_milliseconds


class LinkRevocation(State):
    """Of one link (its id), or of all that were made until then for a person or an aggregate."""

    COLLECTION: ClassVar[str] = "link_revocations"

    revoked_at: datetime
    revoked_by: str = ""

    def ends(self, link: LinkToken) -> bool:
        return self.id == link.id or link.made_ms <= count_milliseconds(self.revoked_at)


class RevokeLinks(Value):
    """target: the id of a link, of a person, or `name_links_about` an aggregate."""

    target: Identifier


def name_links_about(id_: str) -> str:
    """All links about an aggregate. Not the aggregate's own id: that numbers other events."""
    return f"links:{id_}"


def name_signed_in(person_id: str) -> str:
    """What the links are about that were made for a person on pages, as on those of a session."""
    return f"signed-in:{person_id}"


def list_targets(link: LinkToken, person_id: str, *abouts: str) -> set[str]:
    """Whose revocation ends this link. abouts: what its subject is of, as a match of a request.

    A link that was made on a page also ends where its person signs out everywhere: no service but
    intake knows his other sessions, on whose pages it may have been made.
    """
    signed_in = [name_signed_in(person_id)] if link.parent else []
    names = {name_links_about(id_) for id_ in (link.subject, *abouts, *signed_in)}
    # Of before, what was revoked about an aggregate has the aggregate's id.
    return {link.id, link.parent, link.subject, person_id, *names} - {""}


def revoke(target: str, now: datetime, by: str = "") -> LinkRevocation:
    """A second revocation reaches the links made since the first."""
    return LinkRevocation(id=target, revoked_at=now, revoked_by=by)


def decide_revoke_links(states: States, command: Command[RevokeLinks], now: datetime) -> Decision:
    target = command.data.target
    states.get(LinkRevocation, target)
    about = target.removeprefix(name_links_about(""))
    answer = Answer(200, {"revoked": about, "revoked_at": now.isoformat()})
    return Decision((revoke(target, now, command.principal),), answer=answer)


def decide_links_ended(
    states: States,
    event: Event[PersonErased] | Event[PersonLinksRevoked] | Event[LinkRevoked],
    now: datetime,
) -> Decision:
    states.get(LinkRevocation, event.subject)
    return Decision((revoke(event.subject, now),))


EVENTS: Mapping[type[Fact], AnyHandler] = {
    PersonErased: Handler(decide=decide_links_ended),
    PersonLinksRevoked: Handler(decide=decide_links_ended),
    LinkRevoked: Handler(decide=decide_links_ended),
}
COMMANDS: Mapping[type[Value], AnyHandler] = {RevokeLinks: Handler(decide=decide_revoke_links)}
