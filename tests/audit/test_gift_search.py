"""Finance finds a gift by whatever it has: giver, fund, day, sum, or a reference."""

import httpx
import pytest

from services.audit.pages.searching import SEARCH_PATH
from shared.errors import Transient
from shared.persons_client import NAMESAKES_MAX, PersonsClient
from shared.security import Role
from tests.audit.facts import FUND, acceptance, bank_line, confirmation, gift
from tests.audit.harness import AuditHarness
from tests.audit.test_cli_proposals import run
from tests.support.eventually import eventually

DAY = "2026-01-15"
"""Of all facts."""


async def search(harness: AuditHarness, who: dict[str, str], **what: object) -> httpx.Response:
    return await harness.audit.http.post("/gifts/search", json=what, headers=who)


async def test_a_gift_is_found_by_api_page_and_command(harness: AuditHarness) -> None:
    await harness.open_fund()
    await harness.publish_in_order(
        gift(1_000_00, "gift-1", donor="P-one"),
        gift(70_00, "gift-2", donor="P-two"),
        gift(70_00, "gift-3", fund="UNKNOWN"),
        acceptance("M-1", 333_00),
        confirmation("M-1", 333_00),
    )
    await harness.wait_published(6)
    maker, checker = harness.maker, harness.checker
    order = await harness.order("M-1")
    reference = f"{order['id']}-001"
    await harness.publish_in_order(bank_line(reference, 333_00, bank_reference="ICBC-9"))
    await harness.wait_published(7)

    for what, ids in (
        ({"donor_id": "P-one"}, 1),
        ({"amount_fen": 70_00}, 2),
        ({"fund_id": "UNKNOWN"}, 1),
        ({"from_day": DAY, "to_day": DAY}, 3),
        ({"from_day": "2026-01-16"}, 0),
        ({"to_day": "2026-01-14"}, 0),
        ({"amount_fen": 70_00, "donor_id": "P-two", "fund_id": FUND}, 1),
        ({"reference": "ref-gift-2"}, 1),
        ({"reference": "ICBC-9"}, 1),
    ):
        hits = (await search(harness, checker, **what)).json()["hits"]
        assert len(hits) == ids, (what, hits)
    [payment] = (await search(harness, maker, reference="ICBC-9")).json()["hits"]
    assert (payment["kind"], payment["id"], payment["state"]) == ("payment", reference, "paid")
    [refused] = (await search(harness, maker, fund_id="UNKNOWN")).json()["hits"]
    assert (refused["state"], refused["path"].startswith("/ledger/2026/")) == ("refused", True)
    assert (await search(harness, maker)).status_code == 422
    others = (harness.stack.bearer("op", Role.OPERATOR), harness.stack.bearer("c", Role.COLLECTOR))
    for other in others:
        assert (await search(harness, other, reference="x")).status_code == 403
        assert (await harness.audit.http.get(SEARCH_PATH, headers=other)).status_code == 403

    http = harness.audit.http
    assert (await http.get(SEARCH_PATH, headers=checker)).status_code == 200
    page = await http.post(SEARCH_PATH, data={"amount": "￥70元"}, headers=checker)
    assert (page.status_code, page.text.count("P-two"), "未入账" in page.text) == (200, 1, True)
    wrong = await http.post(SEARCH_PATH, data={"amount": "7E+01"}, headers=checker)
    assert (wrong.status_code, "7E+01" in wrong.text) == (422, True)
    empty = await http.post(SEARCH_PATH, data={}, headers=checker)
    assert empty.status_code == 422
    shown = await run(harness, checker, "find", "--yuan", "1,000", "--from", DAY, "--to", DAY)
    assert (shown.exit_code, "1,000.00" in shown.output) == (0, True), shown.output
    nothing = await run(harness, checker, "find", "--giver", "P-nobody")
    assert (nothing.exit_code, "没有找到" in nothing.output) == (1, True)


async def test_a_gift_is_found_by_its_givers_name_and_nobody_else_is_shown(
    harness: AuditHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Intake says who has the name; whoever of them gave nothing is not seen here."""
    looks: list[tuple[str, str]] = []

    async def find_namesakes(_: PersonsClient, name: str, for_whom: str) -> list[str]:
        looks.append((name, for_whom))
        if name == "不通":
            raise Transient("down")
        if name == "张伟":
            return ["P-one", *(f"P-{n}" for n in range(NAMESAKES_MAX))]
        return ["P-one", "P-applicant"] if name == "张三" else []

    monkeypatch.setattr(PersonsClient, "find_namesakes", find_namesakes)
    await harness.open_fund()
    await harness.publish_in_order(gift(100, donor="P-one"), gift(200, "gift-2", donor="P-two"))
    await harness.wait_published(3)
    maker = harness.maker
    found = await search(harness, maker, donor_name="张三")
    assert [hit["donor_id"] for hit in found.json()["hits"]] == ["P-one"]
    assert "P-applicant" not in found.text
    assert looks == [("张三", "fin-maker")]
    assert (await search(harness, maker, donor_name="张三", amount_fen=200)).json()["hits"] == []
    assert (await search(harness, maker, donor_name="张三", donor_id="P-two")).json()["hits"] == []
    assert (await search(harness, maker, donor_name="李四")).json()["hits"] == []
    assert (await search(harness, maker, donor_name="不通")).status_code == 503
    common = await search(harness, maker, donor_name="张伟")
    assert (common.status_code, common.json()["problems"][0]["code"]) == (422, "namesakes_too_many")
    collector = harness.stack.bearer("c", Role.COLLECTOR)
    assert (await search(harness, collector, donor_name="张三")).status_code == 403
    page = await harness.audit.http.post(SEARCH_PATH, data={"donor_name": "张三"}, headers=maker)
    assert ("P-one" in page.text, "P-two" in page.text) == (True, False)
    down = await harness.audit.http.post(SEARCH_PATH, data={"donor_name": "不通"}, headers=maker)
    assert "现在查不到姓名" in down.text
    shown = await run(harness, maker, "find", "--name", "张三")
    assert (shown.exit_code, "1.00" in shown.output) == (0, True), shown.output


async def test_a_fee_is_found_by_its_voucher(harness: AuditHarness) -> None:
    """And a line of the bank that nobody has answered by its reference."""
    await harness.open_fund()
    await harness.publish_in_order(
        gift(1_000_00), bank_line("房租", 80_00, bank_reference="ICBC-7")
    )
    line = await eventually(
        lambda: search(harness, harness.maker, reference="ICBC-7"), lambda a: a.json()["hits"]
    )
    [hit] = line.json()["hits"]
    assert (hit["kind"], hit["state"], hit["amount_fen"]) == ("bank_line", "asked", 80_00)
    till = "13800138000"
    await harness.publish_in_order(
        bank_line("房租", 90_00, "line-2", bank_reference=till),
        bank_line("房租", 95_00, "line-3", bank_reference="ICBC-8"),
    )
    await eventually(
        lambda: search(harness, harness.maker, reference="ICBC-8"), lambda a: a.json()["hits"]
    )
    [hidden] = (await search(harness, harness.maker, reference=till)).json()["hits"]
    assert (hidden["amount_fen"], till in str(hidden)) == (90_00, False)
    body = {"from_fund_id": FUND, "to_fund_id": "OTHER", "amount_fen": 100, "reference": "纪要-9"}
    await harness.open_fund("OTHER")
    await harness.wait_published(3)
    assert (await harness.post("/transfers", harness.maker, "t", body)).status_code == 202
    [transfer] = (await search(harness, harness.maker, reference="纪要-9")).json()["hits"]
    assert (transfer["kind"], transfer["state"], transfer["fund_id"]) == (
        "transfer",
        "proposed",
        FUND,
    )
