"""What two people do by HTTP: move money between funds, undo an entry; and who may not."""

from typing import Any

import pytest

from shared.security import Role
from tests.audit.facts import FUND, gift
from tests.audit.harness import AuditHarness

TRANSFER = {
    "from_fund_id": FUND,
    "to_fund_id": "OTHER",
    "amount_fen": 3_000,
    "reference": "捐赠人同意书-7",
}


async def two_funds(harness: AuditHarness) -> dict[str, Any]:
    """A gift of 5,000 fen in the first; the summary."""
    await harness.open_fund()
    await harness.open_fund("OTHER")
    await harness.publish_in_order(gift(5_000))
    return await harness.wait_published(3)


async def test_two_people_move_money_between_funds(harness: AuditHarness) -> None:
    await two_funds(harness)
    answer = await harness.propose_and_approve("/transfers", "t-1", TRANSFER)
    assert (answer.status_code, answer.json()["state"]) == (200, "approved")
    summary = await harness.wait_published(4)
    assert {fund["id"]: fund["remaining_fen"] for fund in summary["funds"]} == {
        FUND: 2_000,
        "OTHER": 3_000,
    }
    (listed,) = (await harness.get("/transfers"))["transfers"]
    assert (listed["entry"], listed["maker"], listed["checker"]) == (3, "fin-maker", "fin-checker")
    await harness.verify(summary)


async def test_two_people_undo_an_entry(harness: AuditHarness) -> None:
    summary = await two_funds(harness)
    place = {"log": summary["log"], "index": 2, "reference": "更正单-1"}
    answer = await harness.propose_and_approve("/reversals", "r-1", place)
    assert (answer.status_code, answer.json()["state"]) == (200, "approved")
    summary = await harness.wait_published(4)
    assert summary["received_fen"] == 0
    report = await harness.verify(summary)
    assert report.books.reversed_entries == {2}
    (listed,) = (await harness.get("/reversals"))["reversals"]
    assert (listed["reverses"], listed["entry"]) == (2, 3)
    again = await harness.post("/reversals", harness.maker, "r-2", place)
    assert again.status_code == 409


async def test_what_is_declined_does_not_happen(harness: AuditHarness) -> None:
    summary = await two_funds(harness)
    transfer = (await harness.post("/transfers", harness.maker, "t-1", TRANSFER)).json()["id"]
    place = {"log": summary["log"], "index": 2, "reference": "更正单-1"}
    reversal = (await harness.post("/reversals", harness.maker, "r-1", place)).json()["id"]
    for path in (f"/transfers/{transfer}", f"/reversals/{reversal}"):
        declined = await harness.post(f"{path}/decline", harness.checker, f"{path}-d")
        assert declined.json()["state"] == "declined"
        late = await harness.post(f"{path}/approve", harness.checker, f"{path}-a")
        assert late.status_code == 409
    assert (await harness.get("/summary"))["size"] == 3


async def test_one_person_cannot_do_both(harness: AuditHarness) -> None:
    both = harness.stack.bearer("both", Role.FINANCE_MAKER, Role.FINANCE_CHECKER)
    summary = await two_funds(harness)
    place = {"log": summary["log"], "index": 2, "reference": "更正单-1"}
    for path, body in (("/transfers", TRANSFER), ("/reversals", place)):
        id_ = (await harness.post(path, both, f"{path}-1", body)).json()["id"]
        for verb in ("approve", "decline"):
            refused = await harness.post(f"{path}/{id_}/{verb}", both, f"{path}-{verb}")
            assert refused.status_code == 409
            assert refused.json()["problems"][0]["code"] == "second_person_needed"


async def test_the_same_request_is_one_transfer(harness: AuditHarness) -> None:
    await two_funds(harness)
    first, second = [
        (await harness.post("/transfers", harness.maker, "t-1", TRANSFER)).json() for _ in "ab"
    ]
    assert first == second
    assert len((await harness.get("/transfers"))["transfers"]) == 1


async def test_only_an_entry_that_moved_something_is_undone(harness: AuditHarness) -> None:
    summary = await two_funds(harness)
    place = {"log": summary["log"], "index": 99, "reference": "x"}
    assert (await harness.post("/reversals", harness.maker, "r-1", place)).status_code == 404
    opening = place | {"index": 0}
    assert (await harness.post("/reversals", harness.maker, "r-2", opening)).status_code == 422


@pytest.mark.parametrize("path", ["/transfers", "/reversals"])
async def test_makers_propose_checkers_decide_and_others_neither(
    harness: AuditHarness, path: str
) -> None:
    collector = harness.stack.bearer("collector", Role.COLLECTOR)
    body = {"log": "x", "index": 0, "reference": "x"} if path == "/reversals" else TRANSFER
    for who, where, status in (
        ({}, path, 401),
        (collector, path, 403),
        (harness.checker, path, 403),
        (collector, f"{path}/T-1/approve", 403),
        (harness.maker, f"{path}/T-1/approve", 403),
        (harness.maker, f"{path}/T-1/decline", 403),
        (harness.checker, f"{path}/T-1/approve", 404),
        (harness.checker, f"{path}/T-1/decline", 404),
    ):
        answer = await harness.post(where, who, f"{where}-{status}", body)
        assert answer.status_code == status, (where, status)
    assert (await harness.audit.http.get(path, headers=collector)).status_code == 403
