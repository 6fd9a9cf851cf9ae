"""An emergency as two of the city declare it on their page, and as a town's desk sees it."""

from datetime import timedelta

from shared.calendar import find_day
from shared.contracts.topics import REQUESTS
from shared.security import Role
from tests.intake.builders import CHASHAN
from tests.intake.desk import sign_in, submit_large
from tests.intake.harness import IntakeHarness, Visitor


async def test_two_of_the_city_declare_it_and_its_cases_are_marked_and_counted(
    harness: IntakeHarness,
) -> None:
    visitor = Visitor(harness)
    one = await sign_in(visitor, "s-one", Role.APPROVER_CITY)
    other = await sign_in(visitor, "s-other", Role.APPROVER_CITY)
    town = await sign_in(visitor, "s-town", Role.APPROVER_TOWN, CHASHAN)
    today = find_day(await visitor.runtime.processor.now())
    period = {"starts_on": today.isoformat(), "until": (today + timedelta(days=6)).isoformat()}
    fields = {f"town-{CHASHAN}": "1", **period}
    assert "请选择启动应急的原因" in (await one.post("/emergencies", **fields)).text
    fields["cause"] = "epidemic"
    assert (await town.post("/emergencies", **fields)).status_code == 403
    assert "提出应急" not in (await town.get("/emergencies")).text
    proposed = await one.post("/emergencies", **fields)
    assert proposed.status_code == 303, proposed.text
    path = proposed.headers["location"]
    assert "由另一位市级审批人员确认后启动" in (await one.get(path)).text

    for who in (one, town):
        assert (await who.post(f"{path}/declare")).status_code == 403
    assert (await other.post(f"{path}/declare")).status_code == 303
    [fact] = await visitor.published(REQUESTS, path.rpartition("/")[2], count=1)
    assert fact["type"] == "guanjia.emergency.declared.v1"
    assert fact["data"]["area_codes"] == [CHASHAN]

    request_id = await submit_large(visitor)
    for page in ("/desk", f"/cases/{request_id}"):
        assert "可按“及时开展临时救助”办理" in (await town.get(page)).text
    _, said = await visitor.published(REQUESTS, request_id, count=2)
    assert said["data"]["emergency_id"] == path.rpartition("/")[2]
    assert "加急办理（应急或险情）" in (await town.get(f"/cases/{request_id}")).text
    report = (await town.get(path)).text
    assert "4. 及时开展临时救助</th><td>1</td><td>1</td><td>0.00</td><td>0</td>" in report
    elsewhere = await sign_in(visitor, "s-elsewhere", Role.APPROVER_TOWN, "441900101")
    assert "<td>1</td>" not in (await elsewhere.get(path)).text
    assert (await town.post(f"{path}/end")).status_code == 403
    assert (await one.post(f"{path}/end")).status_code == 303
    assert "可按“" not in (await town.get("/desk")).text
