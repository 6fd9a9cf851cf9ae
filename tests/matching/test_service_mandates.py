"""The partner of issue 8: a donor's money that nobody gave him, by HTTP and by the topic."""

from typing import Any

import httpx

from services.matching.model.offer import Offer
from shared import mongo
from shared.contracts.events import OfferSubmitted
from shared.security import Role
from tests.matching.decisions import make_granted
from tests.matching.harness import MatchingHarness, name_donor, start_matching
from tests.support.eventually import eventually
from tests.support.stack_harness import StackHarness

PARTNER = "/partners/two"
OFFER: dict[str, Any] = {
    "donor_id": "P-a",
    "fund_id": "warm",
    "unit": "fen",
    "quantity": 33_300,
    "mode": "claim",
}


async def test_a_partner_offers_nobodys_money_without_a_mandate(stack: StackHarness) -> None:
    harness = MatchingHarness(stack, await start_matching(stack))
    partner = stack.bearer("two", Role.DONOR_PARTNER, source=PARTNER)
    other = stack.bearer("one", Role.DONOR_PARTNER, source="/partners/one")

    async def offer(
        body: dict[str, Any], who: dict[str, str] = partner, source: str = PARTNER
    ) -> httpx.Response:
        """Under the same key each time: what was refused is not remembered."""
        named = body | {"donor_id": stack.partner_id(source, body["donor_id"])}
        headers = who | {"Idempotency-Key": "o-1"}
        return await harness.http.post("/offers", json=named, headers=headers)

    refused = await eventually(  # the register is read again within a second
        lambda: offer(OFFER), lambda answer: answer.status_code != 401
    )
    [problem] = refused.json()["problems"]
    assert (refused.status_code, problem["code"]) == (422, "mandate_missing")
    assert "请联系基金的财务人员" in problem["zh"]
    submitted = name_donor(stack, PARTNER, OfferSubmitted(**OFFER))
    await stack.publish(stack.foreign(PARTNER, "o-2", submitted))
    [letter] = await eventually(
        lambda: harness.database["dead_letters"].find({}).to_list(None), lambda rows: len(rows) == 1
    )
    assert "mandate_missing" in str(letter)

    body = OFFER | {"mandate_id": "A-1"}
    [problem] = (await offer(body)).json()["problems"]
    assert (problem["code"], "请稍后再试" in problem["zh"]) == ("mandate_unknown", True)
    granted = make_granted(OfferSubmitted(**body), source=PARTNER, sum_fen=33_300)
    await stack.publish(stack.own("/audit", "A-1", 1, granted))
    taken = await eventually(lambda: offer(body), lambda answer: answer.status_code == 201)
    [problem] = (await offer(body, other, "/partners/one")).json()["problems"]
    assert problem["code"] == "mandate_foreign"
    stored = await mongo.find(harness.database, Offer, {})
    assert [(each.id, each.mandate_id) for each in stored] == [(taken.json()["offer_id"], "A-1")]
