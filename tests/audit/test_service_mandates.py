"""Mandates by HTTP: the fund's managers, a partner, and the donor behind his link."""

from datetime import UTC, datetime, timedelta
from typing import Any

from services.audit.model import (
    DONOR_BY_LINK,
    Contribution,
    Donation,
    Mandate,
    RecordedConsents,
)
from services.audit.store import create_contributions, create_recorded_consents
from shared import mongo
from shared.contracts import topics
from shared.contracts.events import MatchAccepted
from shared.security import Role, revoke
from tests.audit.decisions import make_mandate
from tests.audit.facts import FUND, MATCHING, match
from tests.audit.harness import AuditHarness, make_gift
from tests.support.eventually import eventually

PARTNER = "/partners/two"
GIVEN_BEFORE = {"A-record": "checker", "A-donor": DONOR_BY_LINK}


def make_body(covers: str, **more: Any) -> dict[str, Any]:
    until = datetime.now(UTC) + timedelta(days=90)
    body = {"fund_id": FUND, "donor_id": "P-donor", "covers": covers, "sum_fen": 33_300}
    return body | {"valid_until": until.isoformat(), "reference": "理事会纪要-3"} | more


async def test_the_funds_managers_give_one_and_the_topic_says_so(harness: AuditHarness) -> None:
    await harness.open_fund()
    answer = await harness.propose_and_approve("/mandates", "m-1", make_body("fund"))
    assert (answer.status_code, answer.json()["state"]) == (200, "open"), answer.text
    id_ = answer.json()["id"]

    async def read_facts() -> list[dict[str, Any]]:
        return [e for e in await harness.stack.read(topics.LEDGER) if e["subject"] == id_]

    [fact] = await eventually(read_facts, lambda facts: len(facts) == 1)
    assert fact["type"] == "guanjia.mandate.granted.v1"
    ended = await harness.post(f"/mandates/{id_}/revoke", harness.checker, "m-3")
    assert (ended.status_code, ended.json()["state"]) == (200, "revoked")


async def test_a_partners_word_is_not_the_donors_whose_link_decides(harness: AuditHarness) -> None:
    """The partner of the issue: donor A's restricted fund, 333.00 yuan, and nobody asked A."""
    stack = harness.stack
    partner = stack.bearer("two", Role.DONOR_PARTNER, source=PARTNER)
    other = stack.bearer("other", Role.DONOR_PARTNER, source="/partners/other")
    await harness.open_fund(restricted=True)
    await stack.publish(make_gift(stack, "gift-1", 100_000))
    own_id = stack.partner_id(PARTNER, "P-donor")
    asked = await eventually(  # the register is read again within a second
        lambda: harness.post("/mandates", partner, "m-1", make_body("gifts", donor_id=own_id)),
        lambda answer: answer.status_code != 401,
    )
    assert (asked.status_code, asked.json()["source"]) == (202, PARTNER)
    assert asked.json()["donor_id"] == own_id
    id_ = asked.json()["id"]
    foreign = await harness.post("/mandates", partner, "m-0", make_body("gifts"))
    assert foreign.json()["problems"][0]["code"] == "donor_foreign"
    on_fund = await harness.post("/mandates", partner, "m-2", make_body("fund", donor_id=own_id))
    assert on_fund.json()["problems"][0]["code"] == "mandate_of_fund"
    seen = (await harness.audit.http.get("/mandates", headers=partner)).json()["mandates"]
    assert [(each["id"], each["donor_id"]) for each in seen] == [(id_, own_id)]
    assert (await harness.audit.http.get("/mandates", headers=other)).json()["mandates"] == []
    approved = await harness.post(f"/mandates/{id_}/approve", harness.checker, "m-3")
    assert approved.json()["problems"][0]["code"] == "donor_answer_needed"
    await commit(harness, "M-1", id_)
    assert (await harness.wait_published(3))["committed_fen"] == 0, "asked for is not given"

    until = datetime.now(UTC) + timedelta(days=1)
    link = stack.keyring.make_link("mandate.donor", id_, until, holder="P-donor")
    page = (await harness.audit.http.get(f"/a/{link}")).text
    assert "人民币 333.00 元" in page
    assert "P-donor" not in page
    given = await harness.audit.http.post(f"/a/{link}/give", headers={"Accept": "text/html"})
    assert "授权已生效" in given.text
    await commit(harness, "M-2", id_)
    assert (await harness.wait_published(4))["committed_fen"] == 33_300
    revoke(stack.secrets_dir / "credentials.json", "two")

    async def press_again() -> int:
        return (await harness.audit.http.post(f"/a/{link}/give")).status_code

    await eventually(press_again, lambda status: status == 401)
    await harness.audit.http.post(f"/a/{link}/withdraw")
    await commit(harness, "M-3", id_, amount=1)
    summary = await harness.wait_published(5)
    assert (summary["committed_fen"], summary["released_fen"]) == (33_300, 0)
    await harness.verify(summary)


async def commit(harness: AuditHarness, name: str, mandate: str, amount: int = 33_300) -> None:
    """What matching says when the partner's offer was claimed."""
    fact = MatchAccepted(offer_source=PARTNER, **match(amount, mandate_id=mandate))
    await harness.stack.publish(harness.stack.own(MATCHING, name, 1, fact))


async def test_what_was_given_before_mandates_is_counted_at_the_next_start(
    harness: AuditHarness,
) -> None:
    database = harness.audit.runtime.database
    await harness.open_fund()
    await harness.stack.publish(make_gift(harness.stack, "gift-1", 50_000))
    await eventually(lambda: mongo.find(database, Donation, {}), lambda gifts: len(gifts) == 1)
    assert await count_unused(harness) == [50_000]
    await database[Contribution.COLLECTION].delete_many({})
    given = make_mandate(FUND, covers="gifts", donor_id="P-donor").model_dump(exclude={"id"})
    rows = [{"_id": id_, **given, "checker": by} for id_, by in GIVEN_BEFORE.items()]
    await database[Mandate.COLLECTION].insert_many(rows)
    for _ in range(2):
        await create_contributions(database)
        await create_recorded_consents(database)
        assert await count_unused(harness) == [50_000]
    [consents] = await mongo.find(database, RecordedConsents, {})
    assert consents.mandate_ids == ("A-record",)


async def count_unused(harness: AuditHarness) -> list[int]:
    """Of each donor and fund."""
    contributions = await mongo.find(harness.audit.runtime.database, Contribution, {})
    return [each.unused_fen for each in contributions]
