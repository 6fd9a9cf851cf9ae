"""Open requests on the claim menu of a running matching, by short names."""

from datetime import timedelta
from typing import Any

from services.matching.model.need import Need
from shared import mongo
from tests.matching.decisions import NOW, make_opened, request_id
from tests.matching.harness import MatchingHarness, start_matching
from tests.support.eventually import eventually
from tests.support.stack_harness import StackHarness

SHIJIE, SHILONG = "441900101", "441900102"
NAMES = ("urgent", "old", "meals", "shilong", "rice", "ancient")
NAMES_BY_ID = {request_id(name): name for name in NAMES}


async def library(stack: StackHarness) -> MatchingHarness:
    """Five open requests, of which nothing is proposed: no offer is pushed."""
    return await publish_requests(stack, {})


async def publish_requests(
    stack: StackHarness, more_needs: dict[str, dict[str, Any]]
) -> MatchingHarness:
    harness = MatchingHarness(stack, await start_matching(stack))
    needs: dict[str, dict[str, Any]] = {
        "urgent": {"beneficiary_class": "extreme_poverty"},
        "old": {"recorded_at": (NOW - timedelta(days=9)).isoformat()},
        "meals": {"category": "meals", "quantity": 200},
        "shilong": {"area": {"town_code": SHILONG}, "kind": "project"},
        "rice": {"unit": "袋", "item": "大米", "quantity": 4},
        **more_needs,
    }
    facts = [make_opened(name, **({"quantity": 50} | more)) for name, more in needs.items()]
    own = [
        stack.own("/intake", request_id(name), 1, fact)
        for name, fact in zip(needs, facts, strict=True)
    ]
    await stack.publish(*own)
    await eventually(
        lambda: mongo.find(harness.database, Need, {}), lambda rows: len(rows) == len(needs)
    )
    return harness


async def menu(
    harness: MatchingHarness, who: dict[str, str] | None = None, **query: Any
) -> list[str]:
    """Names of the requests shown, in order."""
    answer = await harness.http.get("/menu", params=query, headers=who or harness.operator)
    assert answer.status_code == 200, answer.text
    return [NAMES_BY_ID[row["request_id"]] for row in answer.json()["requests"]]
