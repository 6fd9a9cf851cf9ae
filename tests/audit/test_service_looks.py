"""Who opened an account or what a giver wrote stands in a log before he reads it."""

from typing import Any

from shared.security import Role
from tests.audit.facts import ACCOUNT_NUMBER, acceptance, confirmation, gift
from tests.audit.harness import AuditHarness

WROTE = "给茶山镇王零二"


async def test_auditors_read_who_opened_an_account_or_what_a_giver_wrote(
    harness: AuditHarness,
) -> None:
    auditor = harness.stack.bearer("auditor", Role.AUDITOR)
    of_town = harness.stack.bearer("auditor-of-town", Role.AUDITOR, area="441900103")
    operator = harness.stack.bearer("operator", Role.OPERATOR)

    async def read(path: str, who: dict[str, str]) -> str:
        answer = await harness.audit.http.get(path, headers=who)
        assert answer.status_code == 200, answer.text
        return str(answer.text)

    async def list_looks(path: str = "/looks") -> Any:
        return (await harness.audit.http.get(path, headers=auditor)).json()

    await harness.open_fund()
    await harness.publish_in_order(
        gift(1_000_00, designation=WROTE), acceptance("M-1", 333_00), confirmation("M-1", 333_00)
    )
    await harness.wait_published(4)
    order = await harness.order("M-1")
    page, file = f"/audit/finance/orders/{order['id']}", f"/payment-orders/{order['id']}/file"
    order_page = await read(page, auditor)
    assert ACCOUNT_NUMBER not in order_page
    assert "莞家慈善基金会" in order_page
    await read("/payables", harness.maker)
    assert (await list_looks())["looks"] == []

    assert ACCOUNT_NUMBER in await read(page, harness.checker)
    assert ACCOUNT_NUMBER in await read(f"{file}?format=csv", harness.maker)
    downloaded = f"{page}/file?format=csv"
    assert ACCOUNT_NUMBER in await read(downloaded, harness.maker)
    assert WROTE in await read("/designations", auditor)
    scan = {"file": ("a.pdf", b"%PDF-1.7\n%%EOF")}
    sent = harness.maker | {"Idempotency-Key": "scan"}
    added = await harness.audit.http.post(
        "/voucher-files", files=scan, data={"note": "发票"}, headers=sent
    )
    assert added.status_code == 201, added.text
    await read(f"/voucher-files/{added.json()['id']}", auditor)
    looks = (await list_looks())["looks"]
    assert [(look["who"], look["purpose"]) for look in looks] == [
        ("fin-checker", "read_payment_order"),
        ("fin-maker", "read_batch_file"),
        ("fin-maker", "read_batch_file"),
        ("auditor", "read_designation"),
        ("auditor", "read_voucher_file"),
    ]
    assert looks[0]["roles"] == ["finance_checker"]
    assert looks[0]["purpose_zh"] == "查看付款单"
    payee = order["lines"][0]["payee_id"]
    assert [look["about"] for look in looks[:3]] == [payee] * 3
    first = await list_looks(f"/looks?about={payee}&limit=2")
    following = await list_looks(f"/looks?about={payee}&limit=2&after={first['next']}")
    assert first["looks"] + following["looks"] == looks[:3]
    assert not any(each in str(looks) for each in (ACCOUNT_NUMBER, WROTE, "示例店"))
    for wrong in (harness.maker, harness.checker, operator, of_town):
        assert (await harness.audit.http.get("/looks", headers=wrong)).status_code == 403
