"""A request is paid once: as matching, finance and the public log see it."""

from tests.audit.facts import (
    ACCOUNT_NUMBER,
    BANK,
    acceptance,
    bank_line,
    confirmation,
    gift,
    reopening,
)
from tests.audit.harness import AuditHarness
from tests.support.eventually import eventually

REQUEST = {"request_id": "R-1", "request_quantity": 333_00}


async def test_a_reopened_match_is_paid_again_only_by_two_peoples_word(
    harness: AuditHarness,
) -> None:
    await harness.open_fund()
    await harness.publish_in_order(
        gift(1_000_00),
        acceptance("M-1", 333_00, **REQUEST),
        confirmation("M-1", 333_00, **REQUEST),
    )
    await harness.wait_published(4)
    order = await harness.order("M-1")
    file = f"/payment-orders/{order['id']}/file?format=csv"
    batch = (await harness.audit.http.get(file, headers=harness.checker)).text.splitlines()
    assert batch[1] == (
        f"1,{ACCOUNT_NUMBER},示例店,示例银行,333.00,莞家微心愿资助,{order['id']}-001"
    )
    seen = await harness.get("/payment-orders")
    assert ACCOUNT_NUMBER not in str(seen)
    line = bank_line(f"代发 {order['id']}-001", 333_00)
    other = bank_line(f"{order['id']}-001", 332_00, "line-2", bank_reference="ICBC-2")
    await harness.publish_in_order(line, other)
    paid = await harness.wait_published(5)
    assert (paid["spent_fen"], paid["payable_fen"]) == (333_00, 0)
    questions = await eventually(
        lambda: harness.get("/bank-questions"), lambda page: page["bank_questions"]
    )
    assert [each["doubt"] for each in questions["bank_questions"]] == ["amount_differs"]
    found = {"source": BANK, "ids": ["line-1", "line-2", "line-9"]}
    outcomes = await harness.post("/statements/lines/find", harness.maker, "find", found)
    assert outcomes.json() == {"lines": ["entered", "asked", None]}
    [question] = questions["bank_questions"]
    path, said = f"/bank-questions/{question['id']}", {"answer": "银行另扣的房租"}
    assert (await harness.post(f"{path}/answer", harness.maker, "b-1", said)).status_code == 202
    assert (await harness.post(f"{path}/approve", harness.maker, "b-2")).status_code == 403
    assert (await harness.post(f"{path}/approve", harness.checker, "b-3")).status_code == 200
    assert (await harness.get("/bank-questions"))["bank_questions"] == []
    bound = {"reference": f"{order['id']}-001", "reason": "银行说没有付"}
    released = await harness.post("/line-releases", harness.maker, "b-4", bound)
    assert released.json()["problems"][0]["code"] == "line_not_waiting"
    await harness.publish_in_order(reopening("M-1", 333_00, **REQUEST))

    async def list_unsettled() -> list[dict[str, object]]:
        return list((await harness.get("/unsettled-payments"))["unsettled_payments"])

    [unsettled] = await eventually(list_unsettled, bool)
    assert unsettled["request_id"] == "R-1"
    assert unsettled["paid"] == [{"match_id": "M-1", "amount_fen": 333_00}]
    assert "冲正" in str(unsettled["to_do"])

    await harness.publish_in_order(acceptance("M-2", 333_00, **REQUEST))
    [unsettled] = await eventually(list_unsettled, lambda rows: rows[0]["refused"] == ["M-2"])
    assert (await harness.get("/summary"))["obligated_fen"] == 333_00

    propose = {"request_id": "R-1", "reason": "收款账户已注销，说明〔2026〕3号"}
    proposed = await harness.post("/second-payments", harness.maker, "s-1", propose)
    assert proposed.status_code == 202, proposed.text
    approve = "/second-payments/R-1/approve"
    assert (await harness.post(approve, harness.maker, "s-2")).status_code == 403
    assert (await harness.post(approve, harness.checker, "s-3")).status_code == 200
    assert await list_unsettled() == []

    again = (acceptance("M-3", 333_00, **REQUEST), confirmation("M-3", 333_00, **REQUEST))
    await harness.publish_in_order(*again)
    summary = await harness.wait_published(8)
    assert (summary["obligated_fen"], summary["outstanding_fen"]) == (666_00, 0)
    await harness.verify(summary)
