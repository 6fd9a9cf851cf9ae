"""Finance and its bank: orders for what is due, by two people; the bank pays from the batch file
that was exported, one payment comes back, and its statement says so."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from deploy.demo import bridge
from deploy.demo.checks import Check
from deploy.demo.clients import Clients
from deploy.demo.figures import Figures
from deploy.demo.submission import BANK_SOURCE, Submitter
from shared.contracts.events import BankLineStated
from shared.contracts.topics import DONATIONS_INBOUND
from shared.documents import Document

LOOK_EVERY_S = 2.0
LINES_MAX = 200
SHOPS = 12


def make_account(number: int) -> dict[str, str]:
    """Invented: of one of a few shops that gave what was wished for."""
    shop = number % SHOPS + 1
    return {
        "kind": "shop",
        "name": f"示例商户{shop:02d}（演示）",
        "number": f"99990000{shop:08d}",
        "bank": "示例银行莞城支行",
    }


class Finance:
    """Pays what is due until cancelled; the bank's own sums are compared with the ledger's."""

    def __init__(self, clients: Clients, submitter: Submitter) -> None:
        self._maker = clients.open("audit", "finance-maker")
        self._checker = clients.open("audit", "finance-checker")
        self._submitter = submitter
        self._named = 0
        self.orders = 0
        self.paid_fen = 0
        self.returned_fen = 0

    async def run(self) -> None:
        while True:
            await self._pay_due()
            await asyncio.sleep(LOOK_EVERY_S)

    async def _pay_due(self) -> None:
        page = await self._maker.get("/payables", limit=LINES_MAX)
        due = [row for row in page["payables"] if not row["held"]]
        if not due:
            return
        unnamed = [row["id"] for row in due if not row["has_payee"]]
        if unnamed:
            payees = [{"match_id": id_, **self._make_account()} for id_ in unnamed]
            await self._maker.post("/payees", {"payees": payees}, key=f"payees-{self._named}")
        body = {"match_ids": [row["id"] for row in due]}
        order = await self._maker.post("/payment-orders", body, key=f"order-{self.orders}")
        path = f"/payment-orders/{order['id']}"
        await self._checker.post(f"{path}/approve", key=f"approve-{order['id']}")
        await self._maker.post(f"{path}/export", key=f"export-{order['id']}")
        self.orders += 1
        await self._settle(await self._maker.read(f"{path}/file", format="csv"))

    def _make_account(self) -> dict[str, str]:
        self._named += 1
        return make_account(self._named)

    async def _settle(self, batch: bytes) -> None:
        """The bank's process reports what it did; a payment of the first batch comes back."""
        rows = list(csv.DictReader(io.StringIO(batch.decode("utf-8-sig"))))
        lines = list(self._list_lines(rows, returns=self.returned_fen == 0))

        async def build_lines() -> AsyncIterator[str]:
            for id_, line in lines:
                yield bridge.format_line(id_, line.at, line)

        await self._submitter.run_bridge(BANK_SOURCE, DONATIONS_INBOUND, build_lines())

    def _list_lines(
        self, rows: Sequence[Document], *, returns: bool
    ) -> Iterator[tuple[str, BankLineStated]]:
        for row in rows:
            line = _make_line(row, "paid")
            self.paid_fen += line.amount_fen
            yield line.bank_reference, line
        if returns:
            line = _make_line(rows[0], "returned")
            self.returned_fen += line.amount_fen
            yield line.bank_reference, line

    def list_checks(self, figures: Figures) -> list[Check]:
        audit = figures.audit
        return [
            Check("银行已付 paid: bank = ledger", self.paid_fen, audit["paid_fen"]),
            Check("退汇 came back: bank = ledger", self.returned_fen, audit["returned_fen"]),
            Check("应付余额 due at the end", 0, audit["payable_fen"]),
        ]


def _make_line(row: Document, direction: str) -> BankLineStated:
    return BankLineStated.model_validate(
        {
            "direction": direction,
            "memo": row["附言"],
            "amount_fen": int(Decimal(row["金额"]) * 100),
            "at": datetime.now(UTC),
            "bank_reference": f"DEMO-{direction}-{row['附言']}",
            "account": row["收款账号"],
        }
    )
