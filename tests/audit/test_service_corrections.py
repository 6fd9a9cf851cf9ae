"""What two people do by HTTP: move money between funds, undo an entry; and who may not."""

from typing import Any

import pytest

from shared.security import Role
from tests.audit.deciding import FUND, gift
from tests.audit.office import Office

TRANSFER = {
    "from_fund_id": FUND,
    "to_fund_id": "OTHER",
    "amount_fen": 3_000,
    "reference": "捐赠人同意书-7",
}


async def two_funds(office: Office) -> dict[str, Any]:
    """A gift of 5,000 fen in the first; the summary."""
    await office.open_fund()
    await office.open_fund("OTHER")
    await office.hears(gift(5_000))
    return await office.published(3)


async def test_two_people_move_money_between_funds(office: Office) -> None:
    await two_funds(office)
    answer = await office.both("/transfers", "t-1", TRANSFER)
    assert (answer.status_code, answer.json()["state"]) == (200, "approved")
    said = await office.published(4)
    assert {fund["id"]: fund["remaining_fen"] for fund in said["funds"]} == {
        FUND: 2_000,
        "OTHER": 3_000,
    }
    (listed,) = (await office.get("/transfers"))["transfers"]
    assert (listed["entry"], listed["maker"], listed["checker"]) == (3, "fin-maker", "fin-checker")
    await office.verified(said)


async def test_two_people_undo_an_entry(office: Office) -> None:
    said = await two_funds(office)
    place = {"log": said["log"], "index": 2, "reference": "更正单-1"}
    answer = await office.both("/reversals", "r-1", place)
    assert (answer.status_code, answer.json()["state"]) == (200, "approved")
    said = await office.published(4)
    assert said["received_fen"] == 0
    report = await office.verified(said)
    assert report.books.reversed_entries == {2}
    (listed,) = (await office.get("/reversals"))["reversals"]
    assert (listed["reverses"], listed["entry"]) == (2, 3)
    again = await office.post("/reversals", office.maker, "r-2", place)
    assert again.status_code == 409


async def test_what_is_declined_does_not_happen(office: Office) -> None:
    said = await two_funds(office)
    transfer = (await office.post("/transfers", office.maker, "t-1", TRANSFER)).json()["id"]
    place = {"log": said["log"], "index": 2, "reference": "更正单-1"}
    reversal = (await office.post("/reversals", office.maker, "r-1", place)).json()["id"]
    for path in (f"/transfers/{transfer}", f"/reversals/{reversal}"):
        declined = await office.post(f"{path}/decline", office.checker, f"{path}-d")
        assert declined.json()["state"] == "declined"
        late = await office.post(f"{path}/approve", office.checker, f"{path}-a")
        assert late.status_code == 409
    assert (await office.get("/summary"))["size"] == 3


async def test_one_person_cannot_do_both(office: Office) -> None:
    both = office.house.bearer("both", Role.FINANCE_MAKER, Role.FINANCE_CHECKER)
    said = await two_funds(office)
    place = {"log": said["log"], "index": 2, "reference": "更正单-1"}
    for path, body in (("/transfers", TRANSFER), ("/reversals", place)):
        asked = (await office.post(path, both, f"{path}-1", body)).json()["id"]
        for verb in ("approve", "decline"):
            refused = await office.post(f"{path}/{asked}/{verb}", both, f"{path}-{verb}")
            assert refused.status_code == 409
            assert refused.json()["problems"][0]["code"] == "second_person_needed"


async def test_the_same_request_is_one_transfer(office: Office) -> None:
    await two_funds(office)
    first, second = [
        (await office.post("/transfers", office.maker, "t-1", TRANSFER)).json() for _ in "ab"
    ]
    assert first == second
    assert len((await office.get("/transfers"))["transfers"]) == 1


async def test_only_an_entry_that_moved_something_is_undone(office: Office) -> None:
    said = await two_funds(office)
    place = {"log": said["log"], "index": 99, "reference": "x"}
    assert (await office.post("/reversals", office.maker, "r-1", place)).status_code == 404
    opening = place | {"index": 0}
    assert (await office.post("/reversals", office.maker, "r-2", opening)).status_code == 422


@pytest.mark.parametrize("path", ["/transfers", "/reversals"])
async def test_makers_propose_checkers_decide_and_others_neither(office: Office, path: str) -> None:
    collector = office.house.bearer("collector", Role.COLLECTOR)
    body = {"log": "x", "index": 0, "reference": "x"} if path == "/reversals" else TRANSFER
    for who, where, status in (
        ({}, path, 401),
        (collector, path, 403),
        (office.checker, path, 403),
        (collector, f"{path}/T-1/approve", 403),
        (office.maker, f"{path}/T-1/approve", 403),
        (office.maker, f"{path}/T-1/decline", 403),
        (office.checker, f"{path}/T-1/approve", 404),
        (office.checker, f"{path}/T-1/decline", 404),
    ):
        answer = await office.post(where, who, f"{where}-{status}", body)
        assert answer.status_code == status, (where, status)
    assert (await office.audit.http.get(path, headers=collector)).status_code == 403
