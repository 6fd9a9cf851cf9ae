"""A request is paid once: as matching, finance and the public log see it."""

from services.audit.model import (
    BankQuestion,
    EnteredLine,
    LogHead,
    PaymentOrder,
    derive_entered_line_id,
)
from services.audit.months.figures import load_figures
from services.audit.store import create_entered_lines, mark_asked_lines, mark_taken_files
from shared import mongo
from tests.audit.facts import (
    ACCOUNT_NUMBER,
    BANK,
    NOW,
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
        f"1,{ACCOUNT_NUMBER},示例店,示例银行,333.00,莞家微心愿资助,{order['id']}-001,"
        f"{order['id']}-001"
    )
    refused = await harness.audit.http.get(file, headers=harness.maker)
    assert (refused.status_code, "fin-checker" in refused.text) == (409, True)
    reissue = f"/payment-orders/{order['id']}/reissue"
    assert (await harness.post(reissue, harness.maker, "r-1")).status_code == 202
    assert (await harness.post(reissue, harness.checker, "r-2")).status_code == 200
    reissued = await harness.audit.http.get(file, headers=harness.maker)
    assert (reissued.status_code, reissued.text.splitlines()) == (200, batch)
    assert f"{order['id']}-copy2.csv" in reissued.headers["content-disposition"]
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


async def test_what_was_stored_before_is_marked_at_start(harness: AuditHarness) -> None:
    """Orders that did not say which of their lines are asked about; lines of the bank that closed a
    payment, or were entered by two people, that nobody could find by their reference."""
    database = harness.audit.runtime.database
    lines = [
        {"match_id": f"M-{n}", "fund_id": "F", "payee_id": "E", "amount_fen": 500 + n, **state}
        for n, state in enumerate(
            ({"state": "paid", "bank_reference": "B-0"}, {"state": "waiting"}, {"state": "waiting"})
        )
    ]
    order = {"_id": "GJ", "state": "approved", "maker": "m", "foundation": "guanjia"}
    times = {"_version": 3, "_emitted": 0}
    await database["payment_orders"].insert_one(order | times | {"lines": lines})
    for id_, number, is_open in (("Q-1", 2, True), ("Q-2", 2, True), ("Q-3", 3, False)):
        question = BankQuestion(
            id=id_,
            doubt="amount_differs",
            direction="paid",
            order_id="GJ",
            number=number,
            amount_fen=5,
            at=NOW,
            bank_reference="B-1",
            is_open=is_open,
        )
        document = mongo.to_document(question) | times
        await database["bank_questions"].insert_one(document)
    fee = {"_id": "Y-1", "state": "approved", "maker": "m", "checker": "c", "amount_fen": 7}
    papers = {"reference": "r", "foundation": "guanjia", "fund_id": "F", "at": NOW}
    bank = {"bank_reference": "B-7", "own_account": "工行 1001"}
    await database["fund_fees"].insert_one(fee | papers | bank | times)
    for _ in range(2):
        await mark_asked_lines(database)
        await mark_taken_files(database)
        await create_entered_lines(database)
    stored = await mongo.load(database, PaymentOrder, "GJ")
    assert stored is not None
    assert [line.question_ids for line in stored.lines] == [(), ("Q-1", "Q-2"), ()]
    version = await database["payment_orders"].find_one({"_id": "GJ"}, {"_version": 1})
    assert version == {"_id": "GJ", "_version": 4}, "who decides on it now reads it again"
    entered = {each.id: each for each in await mongo.find(database, EnteredLine, {})}
    assert entered.pop(derive_entered_line_id("B-0", "paid", 500)).is_paid("工行 1001")
    assert entered.pop(derive_entered_line_id("B-7", "paid", 7)).is_vouchered("")
    assert entered == {}
    unlisted = {"_listed": {"$ne": True}}
    assert await database["fund_fees"].count_documents(unlisted) == 0, "no start reads it again"
    assert await database["payment_orders"].count_documents(unlisted) == 1, "a line still waits"


async def test_who_exported_an_order_of_before_has_its_file(harness: AuditHarness) -> None:
    """One of now that nobody has read yet is free."""
    database = harness.audit.runtime.database
    times = {"_version": 3, "_emitted": 0}
    before = {"state": "approved", "maker": "m", "foundation": "guanjia", "lines": []}
    exported = {"exported_at": NOW, "exported_by": "payer"}
    for id_, more in (("GJ-1", exported), ("GJ-2", {}), ("GJ-3", exported | {"copies": 0})):
        await database["payment_orders"].insert_one({"_id": id_} | before | times | more)
    for _ in range(2):
        await mark_taken_files(database)
    orders = {each.id: each for each in await mongo.find(database, PaymentOrder, {})}
    found = {id_: (each.taken_by, each.taken_at, each.copies) for id_, each in orders.items()}
    free = ("", None, 0)
    assert found == {"GJ-1": ("payer", NOW, 1), "GJ-2": free, "GJ-3": free}
    version = await database["payment_orders"].find_one({"_id": "GJ-1"}, {"_version": 1})
    assert version == {"_id": "GJ-1", "_version": 4}


async def test_a_months_lines_are_one_foundations(harness: AuditHarness) -> None:
    """One that nobody could place stands at each."""
    await harness.open_fund()
    await harness.publish_in_order(
        gift(1_000_00), acceptance("M-1", 333_00), confirmation("M-1", 333_00)
    )
    await harness.wait_published(4)
    order = await harness.order("M-1")
    memo, own = f"{order['id']}-001", "工行 1001"
    await harness.publish_in_order(
        bank_line(memo, 332_00, "line-1", bank_reference="B-1", own_account=own),
        bank_line("房租", 5_00, "line-2", bank_reference="B-2", own_account=own),
        bank_line(memo, 333_00, "line-3", bank_reference="B-3", own_account=own),
    )
    await harness.wait_published(5)
    database = harness.audit.runtime.database
    for foundation, fen, references in (
        ("guanjia", {"工行 1001": -333_00}, {"B-1", "B-2"}),
        ("chashan", {}, {"B-2"}),
    ):
        head = LogHead(id=foundation, origin=f"guanjia.test/log/{foundation}/2026")
        figures = await load_figures(database, head, "2026-01")
        assert {each.account: each.books_fen for each in figures.accounts} == fen
        assert {each.reference for each in figures.differences} == references
