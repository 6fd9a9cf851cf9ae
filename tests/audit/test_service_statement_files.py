"""A bank's file by page: seen by one, entered when another agrees, once, whatever interrupts it."""

import asyncio
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from services.audit.pages import statements
from services.audit.pages.proposing import FINANCE_PATH
from services.audit.pages.statements import STATEMENTS_PATH
from services.audit.statement_files import entering, uploads
from services.audit.statements import Layout
from services.audit.statements.files import read_batches
from services.audit.statements.givers import Givers
from services.intake.model import Person
from shared import mongo
from shared.documents import Json
from shared.security import Role, revoke
from tests.audit.facts import BANK, FUND
from tests.audit.statement_books import Books, open_books
from tests.support.eventually import eventually
from tests.support.stack_harness import StackHarness

FILE = """编号,日期,捐赠者,捐款金额(元),手机,经办,备注
B-1,2026-01-22 08:30,甲商会,10000.00,,张,
B-2,2026-01-23 09:00,乙公司,100.00,13800138009,张,助学
,2026-01-23 09:10,爱心人士,50.00,,李,
,2026-01-23 09:10,爱心人士,50.00,,李,
B-5,2026-01-24 10:00,丙,0.005,,李,
"""
TOTAL_FEN = 1_020_000
FINANCE_WAITING = f"{FINANCE_PATH}/waiting/statement-files"
COLUMNS = {
    "header-0": "编号",
    "column-0": "bank_reference",
    "header-1": "日期",
    "column-1": "received_at",
    "header-3": "捐款金额(元)",
    "column-3": "amount",
    "fund": FUND,
}


async def test_a_file_is_seen_by_one_and_entered_once_when_another_agrees(
    stack: StackHarness, tmp_path: Path
) -> None:
    async with open_books(stack) as books:
        path = await books.upload(FILE)
        assert "说明各列是什么" in await books.read(path), "its headers are not known yet"
        said = await books.post(f"{path}/columns", books.harness.maker, **COLUMNS)
        assert said.status_code == 303, said.text
        await check_preview(books, path)
        await check_who_decides(books, path)
        page = await books.wait_done(path)
        assert_sums(page, entered=4, refused=1)
        assert await books.received_fen() == TOTAL_FEN
        refused = await books.http.get(f"{path}/refused.csv", headers=books.harness.maker)
        assert "B-5" in refused.content.decode("utf-8-sig")
        await check_again(books)
        await check_command(books, tmp_path)


async def check_preview(books: Books, path: str) -> None:
    """Sums, period, what is not read, why a row is refused; nothing has been sent anywhere."""
    page = await books.read(path)
    days = ("2026年1月22日", "2026年1月23日")
    for text in ("10,200.00", "4 笔捐款", *days, "经办", "没有核对", "不足一分"):
        assert text in page, text
    assert "甲商会" in page
    assert await books.count() == (0, 0)
    other = books.harness.checker
    assert (await books.http.get(path, headers=other)).status_code == 404, "not handed over yet"


async def check_who_decides(books: Books, path: str) -> None:
    """Who took it in does not let it be entered; an auditor does not see the givers."""
    maker, checker = books.harness.maker, books.harness.checker
    auditor = books.harness.stack.bearer("an-auditor", Role.AUDITOR)
    assert (await books.post(f"{path}/propose", checker)).status_code == 403
    await books.hand_over(path)
    await books.hand_over(path)
    assert "/approve" not in await books.read(path)
    assert (await books.http.get(path, headers=auditor)).status_code == 403
    [action] = re.findall(r'action="([^"]+/approve)"', await books.read(path, checker))
    assert (await books.post(action, maker)).status_code == 403
    both = books.harness.stack.bearer(
        "fin-both", Role.FINANCE_CHECKER, Role.FINANCE_MAKER, holder="fin-maker"
    )
    own = await books.post(action, both)
    assert (own.status_code, "提出人不能审核" in own.text) == (409, True)
    changed = await books.post(f"{path}/columns", maker, fund="other")
    assert changed.status_code == 303
    assert await books.count() == (0, 0)
    assert (await books.approve(path)).status_code == 303


async def check_again(books: Books) -> None:
    """Under another name; how the account's files are read is remembered."""
    path = await books.upload(FILE, name="又一次.csv")
    assert "10,200.00" in await books.read(path)
    assert_sums(await books.enter(path), refused=1, repeated=4)
    assert await books.received_fen() == TOTAL_FEN


async def check_command(books: Books, tmp_path: Path) -> None:
    """`guanjia import donations` gives its rows the same ids."""
    remembered = await uploads.load_remembered(books.harness.audit.runtime.database, "工行1001")
    assert remembered is not None
    file = tmp_path / "工行1月.csv"
    file.write_text(FILE, encoding="gb18030")
    poster = OperatorsIntake(books, asyncio.get_running_loop())
    ids = await asyncio.to_thread(list_ids, file, remembered[0], Givers(poster))
    answer = await books.harness.post(
        "/statements/find", books.harness.maker, "k", {"source": BANK, "ids": ids}
    )
    assert len(ids) == 4
    assert all(answer.json()["gifts"])


def list_ids(file: Path, layout: Layout, givers: Givers) -> list[str]:
    return [row.id for batch in read_batches([file], layout, givers) for row in batch.rows]


@dataclass(frozen=True)
class OperatorsIntake:
    """As the command meets it, whose credential is the operator's."""

    books: Books
    loop: asyncio.AbstractEventLoop

    def post(self, path: str, json: Json = None) -> Json:
        sending = self.books.intake.http.post(path, json=json, headers=self.books.operator)
        return asyncio.run_coroutine_threadsafe(sending, self.loop).result().json()


def assert_sums(page: str, **expected: int) -> None:
    words = {
        "entered": "笔已入账",
        "before": "笔此前",
        "repeated": "笔别的",
        "refused": "行没有入账",
    }
    found = {
        name: int(count[1])
        for name, text in words.items()
        if (count := re.search(rf"<strong>(\d+)</strong> {text}", page))
    }
    assert found == expected


UNNAMED = ",2026-02-01 10:00,爱心人士,5.00"
ROWS = [f"C-{n},2026-02-{n + 1:02d} 10:00,捐赠人{n},{n + 1}.00" for n in range(7)]
MANY = "\n".join(["流水号,到账时间,名称,金额", UNNAMED, *ROWS, UNNAMED])
MANY_FEN = sum(range(1, 8)) * 100 + 1000


async def test_a_kill_between_portions_and_within_one_loses_and_doubles_nothing(
    stack: StackHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second portion is entered, and what became of it is not stored yet. The last row is known
    by there being one like it in the first."""
    monkeypatch.setattr(entering, "PORTION_ROWS", 4)
    monkeypatch.setattr(entering, "CLAIM_LASTS", entering.CLAIM_LASTS / 15)
    save, reached, number = uploads.save_progress, asyncio.Event(), 0

    async def hang(*given: Any) -> None:
        nonlocal number
        number += 1
        if number == 2:
            reached.set()
            await asyncio.Event().wait()
        await save(*given)

    async with open_books(stack) as books:
        monkeypatch.setattr(uploads, "save_progress", hang)
        path = await books.upload(MANY, fund=FUND)
        await books.hand_over(path)
        assert (await books.approve(path)).status_code == 303
        await asyncio.wait_for(reached.wait(), 60)
        page = await books.read(path)
        assert re.search(r"4 / 9", page), "what is done is seen while it runs"
        settings = books.harness.audit.runtime.settings
        await books.harness.audit.stop()
        books.harness.audit = await books.harness.start_another(intake_url=settings.intake_url)
        books.http = books.harness.audit.http
        page = await books.wait_done(path)
        assert_sums(page, entered=5, before=4)
        assert await books.received_fen() == MANY_FEN
        assert (await books.count())[1] == 9
        row = await books.harness.audit.runtime.database[uploads.UPLOADS].find_one({})
        assert row is not None
        assert "content" not in row, "the file goes when it is entered"


BANK_LINES = """流水号,到账时间,对方户名,金额,借贷标志,交易类型
D-1,2026-03-01 10:00,甲,10.00,贷,转账
D-2,2026-03-02 10:00,示例店,20.00,借,转账
"""


async def test_lines_about_payments_need_a_source_that_may_state_them(
    stack: StackHarness,
) -> None:
    async with open_books(stack, payment_sources=("/bank/other",)) as books:
        path = await books.upload(BANK_LINES, fund=FUND)
        assert "只能发送捐款" in await books.read(path)
        assert_sums(await books.enter(path), entered=1, refused=1)
        refused = await books.http.get(f"{path}/refused.csv", headers=books.harness.maker)
        assert "GUANJIA_PAYMENT_SOURCES" in refused.content.decode("utf-8-sig")
        assert (await books.harness.get("/bank-questions"))["bank_questions"] == []


HIDDEN = "".join(
    ["交易时间,对方户名,收入金额,支出金额,流水号,摘要\n2026-03-01 08:00,甲商会,10.00,,H-0,\n"]
    + [f"2026-03-01 09:{n:02d},,0.01,,H-{n},结息\n" for n in range(1, 52)]
    + ["2026-03-02 10:00,,,999.00,H-60,手续费\n2026-03-02 11:00,,,888.00,H-61,账户管理费\n"]
)


async def test_nothing_that_leaves_is_hidden_from_who_approves(stack: StackHarness) -> None:
    """Behind more rows than a page lists: charges come first, their sum is there, and so is the
    file; nothing is remembered of how an account is read before another agrees."""
    async with open_books(stack, payment_sources=(BANK,)) as books:
        path = await books.upload(HIDDEN, fund=FUND)
        columns = {"fund": FUND, "bank_fund": FUND}
        said = await books.post(f"{path}/columns", books.harness.maker, **columns)
        assert said.status_code == 303, said.text
        await books.hand_over(path)
        page = await books.read(path, books.harness.checker)
        for text in ("1,887.00", "999.00", "888.00", "0.51", "另有 3 行", "各列怎样读", "摘要"):
            assert text in page, text
        card = await books.read(FINANCE_WAITING, books.harness.checker)
        assert "1,887.00" in card
        file = await books.http.get(f"{path}/file", headers=books.harness.checker)
        assert file.content == HIDDEN.encode("gb18030")
        auditor = books.harness.stack.bearer("an-auditor", Role.AUDITOR)
        assert (await books.http.get(f"{path}/file", headers=auditor)).status_code == 403
        database = books.harness.audit.runtime.database
        assert await uploads.load_remembered(database, "工行1001") is None


AGAIN = """流水号,到账时间,名称,金额
,2026-01-22,甲商会,10000.00
"""


async def test_a_row_that_may_be_a_gift_of_before_is_entered_when_two_say_it_is_another(
    stack: StackHarness,
) -> None:
    async with open_books(stack) as books:
        first = AGAIN.replace("01-22,", "01-22 08:30,")
        await books.enter(await books.upload(first, fund=FUND))
        path = await books.upload(AGAIN, name="b.csv", fund=FUND)
        assert_sums(await books.enter(path), refused=1)
        assert await books.received_fen() == 1_000_000
        page = await books.enter(path)
        assert_sums(page, entered=1)
        assert await books.received_fen() == 2_000_000


async def test_what_is_declined_or_no_statement_is_not_entered(
    stack: StackHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_books(stack) as books:
        path = await books.upload(MANY, fund=FUND)
        await books.hand_over(path)
        page = await books.read(path, books.harness.checker)
        [action] = re.findall(r'action="([^"]+/decline)"', page)
        assert (await books.post(action, books.harness.checker)).status_code == 303
        await eventually(lambda: books.read(path), lambda page: "另一个人不同意" in page)
        assert await books.count() == (0, 0)
        missing = await books.http.get(f"{STATEMENTS_PATH}/nothing", headers=books.harness.maker)
        assert missing.status_code == 404
        monkeypatch.setattr(statements, "ROWS_MAX", 8)
        file = {"file": ("c.csv", MANY.encode())}
        large = await books.http.post(
            STATEMENTS_PATH, files=file, headers=books.harness.maker, data={"fund": FUND}
        )
        assert (large.status_code, "一次最多 8 行" in large.text) == (422, True)
        empty = await books.http.post(STATEMENTS_PATH, headers=books.harness.maker, data={})
        assert (empty.status_code, "请选择一个文件" in empty.text) == (422, True)
        documents = await mongo.find(books.intake.runtime.database, Person, {})
        assert documents == []


async def test_nothing_is_entered_in_the_name_of_who_has_left(stack: StackHarness) -> None:
    async with open_books(stack) as books:
        maker, checker = books.harness.maker, books.harness.checker
        path = await books.upload(MANY, fund=FUND)
        await books.hand_over(path)
        revoke(stack.secrets_dir / "credentials.json", "fin-maker")
        await eventually(
            lambda: books.http.get(path, headers=maker), lambda answer: answer.status_code == 401
        )
        assert (await books.approve(path)).status_code == 303
        await eventually(lambda: books.read(path, checker), lambda page: "已停止" in page)
        assert await books.count() == (0, 0)


async def test_what_is_not_what_was_approved_is_not_entered(stack: StackHarness) -> None:
    async with open_books(stack) as books:
        path = await books.upload(MANY, fund=FUND)
        await books.hand_over(path)
        page = await books.read(path, books.harness.checker)
        [digest] = set(re.findall(r'name="digest" value="(\w+)"', page))
        [action] = re.findall(r'action="([^"]+/approve)"', page)
        database = books.harness.audit.runtime.database
        changed = {"$set": {"layout.constants.fund_id": "another"}}
        assert (await database[uploads.UPLOADS].update_one({}, changed)).modified_count == 1
        answer = await books.post(action, books.harness.checker, digest=digest)
        assert answer.status_code == 303, answer.text
        await eventually(lambda: books.read(path), lambda page: "与同意时不同" in page)
        assert await books.count() == (0, 0)
