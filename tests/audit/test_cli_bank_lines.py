"""By command, as by page: a line of the bank is answered, a payment it did not make is released."""

from tests.audit.facts import acceptance, bank_line, confirmation, gift
from tests.audit.harness import AuditHarness
from tests.audit.test_cli_proposals import proposed, run
from tests.support.eventually import eventually


async def test_two_answer_a_line_and_release_a_payment(harness: AuditHarness) -> None:
    await harness.open_fund()
    await harness.publish_in_order(
        gift(1_000_00), acceptance("M-1", 333_00), confirmation("M-1", 333_00)
    )
    await harness.wait_published(4)
    order = await harness.order("M-1")
    await harness.publish_in_order(bank_line("房租", 80_00, bank_reference="ICBC-7"))
    page = await eventually(
        lambda: harness.get("/bank-questions"), lambda page: page["bank_questions"]
    )
    [question] = page["bank_questions"]
    maker, checker = harness.maker, harness.checker
    shown = (await run(harness, maker, "bank-line", "list")).output
    assert {question["id"], "80.00", "ICBC-7"} <= set(shown.split())
    said = await run(harness, maker, "bank-line", "answer", question["id"], "--answer", "房租")
    assert (said.exit_code, question["id"] in said.output) == (0, True), said.output
    own = await run(harness, maker, "bank-line", "approve", question["id"])
    assert own.exit_code == 1
    approved = await run(harness, checker, "bank-line", "approve", question["id"])
    assert approved.exit_code == 0, approved.output
    assert (await harness.get("/bank-questions"))["bank_questions"] == []

    payment = f"{order['id']}-001"
    words = ("line-release", "propose", payment, "--reason", "账号与户名不符，未扣款")
    release = await proposed(harness, *words)
    assert (await run(harness, checker, "line-release", "decline", release)).exit_code == 0
    release = await proposed(harness, *words)
    assert (await run(harness, checker, "line-release", "approve", release)).exit_code == 0
    assert [each["id"] for each in (await harness.get("/payables"))["payables"]] == ["M-1"]
