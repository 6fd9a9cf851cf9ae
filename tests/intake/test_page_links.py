"""What a person's page leads to opens nothing once the page's own link opens nothing."""

import re
from datetime import timedelta

from shared.contracts import topics
from shared.contracts.events import LinkRevoked, MatchDelivered
from shared.contracts.links import DELIVERY, REQUEST
from shared.link_tokens import LinkToken
from shared.revocations import name_links_about
from tests.intake.builders import make_match_event
from tests.intake.harness import Visitor


async def test_staff_end_the_links_of_a_page_with_the_link_to_the_page(visitor: Visitor) -> None:
    """Matching opens the page's links: it hears that they are over."""
    id_ = (await visitor.submit())["request_id"]
    request = await visitor.request(id_)
    fact = make_match_event(MatchDelivered, request, 20_000).data
    await visitor.stack.publish(visitor.stack.own("/matching", "M-page", 1, fact))
    await visitor.becomes(id_, lambda request: request.matches)
    now = await visitor.runtime.processor.now()
    keyring = visitor.stack.keyring
    token = keyring.make_link(
        REQUEST.purpose, id_, now + timedelta(days=1), now, holder=request.person_id
    )
    page = REQUEST.path(token)
    text = (await visitor.get(page, {"Accept": "text/html"})).text
    [made] = [keyring.read_link(each) for each in re.findall(r"/c/([\w-]+)", text)]
    own = keyring.read_link(token)
    assert made == LinkToken(
        DELIVERY.purpose, "M-page", own.expires_s, made.made_ms, request.person_id, own.id
    ), "it lives no longer than the page's link"

    town = visitor.harness.town
    assert (
        await visitor.post("/links/revoke", {"link": page}, key="a", who=town)
    ).status_code == 200
    assert (await visitor.get(page)).status_code == 401
    about = await visitor.post("/links/revoke", {"about": id_}, key="b", who=town)
    assert (about.status_code, about.json()["revoked"]) == (200, id_)
    ended = await visitor.published(topics.PERSONS, own.id, name_links_about(id_), count=2)
    assert [event["type"] for event in ended] == [LinkRevoked.TYPE] * 2
