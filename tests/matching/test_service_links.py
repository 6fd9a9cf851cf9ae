"""Links die with what they stand on: the person, the partner, the match; and when revoked."""

from datetime import timedelta
from typing import Any

import httpx
import pytest_asyncio

from services.matching.model.match import Match, Propose
from shared.contracts.events import LinkRevoked, PersonErased, PersonLinksRevoked
from shared.contracts.links import DELIVERY, MENU, PROPOSAL, PROPOSALS, REQUEST, SignedLink
from shared.link_tokens import make_token
from shared.messaging.decision import Command
from shared.revocations import name_links_about, name_signed_in
from shared.security import Role, revoke
from tests.matching.decisions import NO_CAPACITY, person_id, request_id
from tests.matching.harness import MatchingHarness, start_matching
from tests.support.eventually import eventually
from tests.support.stack_harness import StackHarness

DAY = timedelta(days=1)
RICE = {"unit": "袋", "item": "大米"}
HERE, THERE = "441900101", "441900103"


class LinkHarness(MatchingHarness):
    """A partner's offer of rice, and a match out of it that waits for its donor's word."""

    match: Match

    async def begin(self) -> "LinkHarness":
        self.here = self.stack.bearer("here", Role.COLLECTOR, area=HERE)
        self.there = self.stack.bearer("there", Role.COLLECTOR, area=THERE)
        self.rival = self.stack.bearer("rival", Role.DONOR_PARTNER, source="/partners/rival")
        self.partner = self.giver
        offer = await self.register_offer("a", quantity=10, mode="both", **RICE)
        await self.publish_requests("r", quantity=2, **RICE)
        await self.wait_for_needs("r")
        propose = Propose(
            request_id=request_id("r"), offer_id=offer, number=1, quantity=2, lifetime_s=3600
        )
        await self.runtime.processor.execute(Command(propose))
        [self.match] = await self.wait_for_matches(1, "proposed")
        return self

    async def link(self, row: SignedLink, **more: Any) -> str:
        """As notify or the menu makes it now."""
        now = await self.runtime.processor.now()
        subjects = {MENU: self.match.offer_id, PROPOSALS: self.match.donor_id}
        subject = subjects.get(row, self.match.id)
        holder = self.match.donor_id if row.holder == "donor" else self.match.person_id
        given = {"made_at": now, "holder": holder, **more}
        return row.path(self.stack.keyring.make_link(row.purpose, subject, now + DAY, **given))

    async def status(self, path: str) -> int:
        return (await self.http.get(path)).status_code

    async def wait_until_dead(self, *paths: str) -> None:
        async def statuses() -> set[int]:
            return {await self.status(path) for path in paths}

        await eventually(statuses, lambda codes: codes == {401})

    async def revoke(self, who: dict[str, str], key: str, **body: str) -> httpx.Response:
        headers = who | {"Idempotency-Key": key}
        return await self.http.post("/links/revoke", json=body, headers=headers)

    async def hear(
        self, subject: str, fact: PersonErased | PersonLinksRevoked | LinkRevoked
    ) -> None:
        await self.stack.publish(self.stack.own("/intake", subject, 1, fact))


@pytest_asyncio.fixture(loop_scope="session")
async def harness(stack: StackHarness) -> LinkHarness:
    return await LinkHarness(stack, await start_matching(stack, proposes=False)).begin()


async def test_links_stop_with_the_person_they_were_made_for(harness: LinkHarness) -> None:
    donors = [await harness.link(row) for row in (PROPOSAL, MENU)]
    applicants = await harness.link(DELIVERY)
    assert [await harness.status(path) for path in (*donors, applicants)] == [200, 200, 200]
    await harness.hear(person_id("r"), PersonErased())
    await harness.wait_until_dead(applicants)
    for button in ("confirm", "reopen", "rate"):
        pressed = await harness.http.post(f"{applicants}/{button}")
        assert (pressed.status_code, pressed.json()["problems"][0]["code"]) == (401, "link_invalid")
    assert [await harness.status(path) for path in donors] == [200, 200]
    await harness.hear(harness.match.donor_id, PersonLinksRevoked())
    await harness.wait_until_dead(*donors)
    assert (await harness.http.post(f"{donors[0]}/accept")).status_code == 401
    assert await harness.status(await harness.link(PROPOSAL)) == 200, "made since"
    assert await harness.status(await harness.link(PROPOSAL, holder="P-other")) == 401


async def test_links_made_on_a_requests_page_stop_with_its_link(harness: LinkHarness) -> None:
    """Whoever opened the page of another's request does not confirm from it afterwards."""
    now, match = await harness.runtime.processor.now(), harness.match
    pages = [
        make_token(REQUEST.purpose, match.request_id, now + DAY, made_at, match.person_id)
        for made_at in (now, now - timedelta(minutes=1))
    ]
    leaked, other = [await harness.link(DELIVERY, parent=page) for page in pages]
    own = await harness.link(DELIVERY)
    assert [await harness.status(path) for path in (leaked, other, own)] == [200] * 3
    await harness.hear(pages[0].id, LinkRevoked())
    await harness.wait_until_dead(leaked)
    assert (await harness.http.post(f"{leaked}/confirm")).status_code == 401
    assert [await harness.status(path) for path in (other, own)] == [200, 200]
    donors = await harness.link(PROPOSAL)
    await harness.hear(name_links_about(match.request_id), LinkRevoked())
    await harness.wait_until_dead(other, own)
    assert [await harness.status(path) for path in (donors, await harness.link(DELIVERY))] == [
        200,
        200,
    ]


async def test_links_made_by_a_session_stop_where_he_signs_out_everywhere(
    harness: LinkHarness,
) -> None:
    """Of his other sessions only their pages' links are open here; a notice's link stays."""
    now, match = await harness.runtime.processor.now(), harness.match
    session = make_token("applicant.session", "C-1", now + DAY, now, "C-1")
    page = make_token(REQUEST.purpose, match.request_id, now + DAY, now, match.person_id, session)
    made, own = await harness.link(DELIVERY, parent=page), await harness.link(DELIVERY)
    assert [await harness.status(path) for path in (made, own)] == [200, 200]
    await harness.hear(name_links_about(name_signed_in(match.person_id)), LinkRevoked())
    await harness.wait_until_dead(made)
    assert (await harness.http.post(f"{made}/confirm")).status_code == 401
    assert await harness.status(own) == 200


async def test_links_stop_when_the_partner_is_revoked(harness: LinkHarness) -> None:
    links = [await harness.link(row) for row in (PROPOSAL, MENU, DELIVERY)]
    revoke(harness.stack.secrets_dir / "credentials.json", "giver")
    await harness.wait_until_dead(*links)
    assert (await harness.http.post(f"{links[1]}/claim")).status_code == 401
    assert (await harness.wait_for_matches(1, "proposed"))[0].id == harness.match.id


async def test_staff_of_the_area_and_the_partner_revoke_one_or_all(harness: LinkHarness) -> None:
    one, other = await harness.link(PROPOSAL), await harness.link(DELIVERY)
    match = harness.match
    for key, who in (("there", harness.there), ("rival", harness.rival)):
        for number, body in enumerate(
            ({"link": one}, {"about": match.id}, {"about": match.offer_id})
        ):
            refused = await harness.revoke(who, f"{key}-{number}", **body)
            assert (refused.status_code, await harness.status(one)) == (404, 200)
    assert (
        await harness.revoke(harness.here, "x", link="https://gj.example/d/x")
    ).status_code == 404
    assert (
        await harness.revoke(harness.here, "1", link=f"https://gj.example{one}")
    ).status_code == 200
    assert [await harness.status(path) for path in (one, f"{one}=", other)] == [401, 401, 200]
    assert (await harness.revoke(harness.partner, "2", about=match.id)).status_code == 200
    assert await harness.status(other) == 401
    assert await harness.status(await harness.link(DELIVERY)) == 200


async def test_a_donors_own_page_is_closed_one_link_at_a_time(harness: LinkHarness) -> None:
    """By whom it concerns: staff of a match's area, the partner, and the donor by a press."""
    now = await harness.runtime.processor.now()
    links = [
        await harness.link(PROPOSALS, made_at=now - timedelta(minutes=minutes))
        for minutes in range(4)
    ]
    donor = harness.match.donor_id
    for key, who in (("there", harness.there), ("rival", harness.rival)):
        refused = await harness.revoke(who, f"{key}-p", link=links[0])
        assert (refused.status_code, await harness.status(links[0])) == (404, 200)
    for number, who in enumerate((harness.here, harness.partner)):
        of_all = await harness.revoke(who, f"all-{number}", about=donor)
        assert of_all.status_code == 404, "all of a donor are ended in intake"
        ended = await harness.revoke(who, f"p-{number}", link=f"https://gj.example{links[number]}")
        assert (ended.status_code, await harness.status(links[number])) == (200, 401)
    page = await harness.http.get(links[2], headers={"Accept": "text/html"})
    assert f'action="{links[2]}/end"' in page.text
    pressed = await harness.http.post(f"{links[2]}/end", headers={"Accept": "text/html"})
    assert (pressed.status_code, "这个链接已停用" in pressed.text) == (200, True)
    assert [await harness.status(path) for path in links] == [401, 401, 401, 200]
    assert (await harness.http.post(f"{links[2]}/answer")).status_code == 401


async def test_a_second_press_shows_what_was_done_by_whichever_link(harness: LinkHarness) -> None:
    first = await harness.link(PROPOSAL, made_at=harness.match.proposed_at)
    links = [first, await harness.link(PROPOSAL)]
    answers = [await harness.http.post(f"{path}/accept") for path in (*links, links[0])]
    assert {(a.status_code, a.json()["state"]) for a in answers} == {(200, "committed")}
    await harness.post(f"/matches/{harness.match.id}/deliver", "d")
    again = await harness.http.post(f"{links[0]}/accept", headers={"Accept": "text/html"})
    assert "已送达" in again.text
    own = await harness.link(DELIVERY)
    answers = [await harness.http.post(f"{own}/confirm") for _ in range(2)]
    assert {(a.status_code, a.json()["state"]) for a in answers} == {(200, "confirmed")}
    assert (await harness.wait_for_match(harness.match.id, "confirmed")).deliveries == 1


async def test_links_stop_with_the_match_and_the_offer(harness: LinkHarness) -> None:
    donors, menu = await harness.link(PROPOSAL), await harness.link(MENU)
    declined = await harness.http.post(f"{donors}/decline", json={"reason": NO_CAPACITY})
    assert declined.json()["state"] == "declined"
    for path in (donors, await harness.link(DELIVERY)):
        page = await harness.http.get(path, headers={"Accept": "text/html"})
        assert (page.status_code, "已结束（捐赠方婉拒）" in page.text) == (410, True)
    assert (await harness.http.post(f"{donors}/accept")).json()["problems"][0][
        "code"
    ] == "match_over"
    await harness.post(f"/offers/{harness.match.offer_id}/withdraw", "w")
    gone = await harness.http.get(menu)
    assert (gone.status_code, gone.json()["problems"][0]["code"]) == (410, "offer_over")
