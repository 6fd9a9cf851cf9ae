"""Staff's page of a match: handed over by one, confirmed by another with what he saw."""

from datetime import datetime

from shared.contracts.values import CHINA
from shared.security import Role
from tests.matching.test_service_delivery import start_harness
from tests.support.stack_harness import StackHarness

BROWSER = {"Accept": "text/html"}


async def test_one_hands_over_and_another_confirms_what_he_saw(stack: StackHarness) -> None:
    harness = await start_harness(stack)
    elsewhere = stack.bearer("elsewhere", Role.COLLECTOR, area="441900999")
    await harness.register_offer("a", unit="袋", item="大米", quantity=10, donor_id="P-a")
    match = await harness.accept()
    path = f"/matching/handover/{match.id}"
    collector, approver = harness.collector | BROWSER, harness.approver | BROWSER

    page = await harness.http.get(path, headers=collector)
    assert "大米 2 袋" in page.text
    assert "已送达" in page.text
    assert (await harness.http.get(path, headers=elsewhere | BROWSER)).status_code == 404
    stolen = await harness.http.post(f"{path}/deliver", headers=elsewhere | BROWSER)
    assert stolen.status_code == 404

    today = datetime.now(CHINA).date().isoformat()
    for form, status in (({"comes_on": "明天"}, 422), ({"comes_on": today}, 303)):
        said = await harness.http.post(f"{path}/schedule", data=form, headers=collector)
        assert said.status_code == status, said.text
    assert today in (await harness.http.get(path, headers=collector)).text

    done = await harness.http.post(f"{path}/deliver", headers=collector)
    assert (done.status_code, done.headers["location"]) == (303, f"{path}?done=deliver")
    await harness.wait_for_match(match.id, "delivered")

    seen = {"evidence": "visit", "note": "门口"}
    own = await harness.http.post(f"{path}/confirm", data=seen, headers=collector)
    assert own.status_code >= 400, "who delivered it does not confirm it"
    assert 'value="门口"' in own.text, "what was typed is kept"
    done = await harness.http.post(f"{path}/confirm", data=seen, headers=approver)
    assert done.status_code == 303, done.text
    await harness.wait_for_match(match.id, "confirmed")
    assert "已确认收到" in (await harness.http.get(path, headers=approver)).text
