"""A partner's own page: his offers, what waits for him, what was not taken, and nobody else's."""

import json

from services.matching.pages.partner import PARTNER_PATH
from shared.security import Role
from tests.matching.decisions import make_submitted
from tests.matching.harness import MatchingHarness, start_matching
from tests.matching.test_service_delivery import BROWSER, start_harness
from tests.support.stack_harness import StackHarness


async def test_a_partner_sees_and_pauses_what_he_offers(stack: StackHarness) -> None:
    harness = await start_harness(stack)
    partner = harness.giver | BROWSER
    other = stack.bearer("q", Role.DONOR_PARTNER, source="/partners/q") | BROWSER

    async def read() -> str:
        answer = await harness.http.get(PARTNER_PATH, headers=partner)
        assert answer.status_code == 200, answer.text
        return answer.text

    assert "还没有登记资源" in await read()
    await harness.register_offer("a", unit="袋", item="大米", quantity=10, donor_id="P-a")
    match = await harness.accept()
    page = await read()
    assert "大米 10 袋" in page
    assert "正在对接" in page
    handover = await harness.http.get(f"/matching/handover/{match.id}", headers=partner)
    assert "已送达" in handover.text
    assert f"/cases/{match.request_id}" not in handover.text, "a page that is not his"
    empty = await harness.http.get(PARTNER_PATH, headers=other)
    assert "大米" not in empty.text
    assert match.id not in empty.text

    path = f"{PARTNER_PATH}/{match.offer_id}"
    assert (await harness.http.post(f"{path}/pause", headers=other)).status_code == 404
    done = await harness.http.post(f"{path}/pause", headers=partner)
    assert (done.status_code, done.headers["location"]) == (303, PARTNER_PATH)
    assert "已暂停" in await read()
    assert (await harness.http.post(f"{path}/resume", headers=partner)).status_code == 303
    assert "可对接" in await read()
    assert (await harness.http.post(f"{path}/withdraw", headers=partner)).status_code == 303
    assert "已撤回" in await read()
    again = await harness.http.post(f"{path}/resume", headers=partner)
    assert again.status_code == 409
    assert "已撤回" in again.text, "the page again, with what is wrong"


async def test_a_partner_reads_what_was_not_taken_and_why(stack: StackHarness) -> None:
    running = await start_matching(stack)
    harness = MatchingHarness(stack, running)
    other = stack.bearer("q", Role.DONOR_PARTNER, source="/partners/q") | BROWSER
    source = harness.giver_source
    topic, key, value, _ = stack.foreign(source, "rice-7", make_submitted(unit="袋", item="大米"))
    wrong = json.loads(value)
    wrong["data"]["quantity"] = -1
    record = stack.signed(source, topic, key.decode(), json.dumps(wrong).encode())
    [place] = await stack.publish(record)
    await stack.wait_worked(running, [place])
    page = (await harness.http.get(PARTNER_PATH, headers=harness.giver | BROWSER)).text
    assert "没有收下的记录" in page
    assert "rice-7" in page
    assert "data.quantity" in page
    assert "rice-7" not in (await harness.http.get(PARTNER_PATH, headers=other)).text
