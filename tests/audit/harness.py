"""Audit on a real broker and database, and those who deal with it."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from services.audit.ledger.verification import Report, verify_log
from services.audit.main import create_app
from services.audit.model import Mandate
from services.audit.settings import AuditSettings
from shared import mongo
from shared.contracts.envelope import Event
from shared.contracts.events import DonationReceived, MatchAccepted, MatchConfirmed, MatchReleased
from shared.security import Role
from tests.audit.decisions import make_mandate
from tests.audit.facts import ACCOUNT_NUMBER, BANK, FUND, MATCHING, match
from tests.support.eventually import eventually
from tests.support.stack_harness import RunningService, StackHarness


@dataclass
class AuditHarness:
    """A running audit with the people who may come in."""

    stack: StackHarness
    audit: RunningService
    maker: dict[str, str]
    checker: dict[str, str]
    sequences: dict[str, int] = field(default_factory=dict)
    """How many events matching published of each match."""

    async def start_another(self, **changes: Any) -> RunningService:
        return await self.stack.start_app(create_app(settings(self.stack, **changes)))

    async def post(self, path: str, who: dict[str, str], key: str, body: Any = None) -> Any:
        headers = who | {"Idempotency-Key": key}
        return await self.audit.http.post(path, json=body, headers=headers)

    async def get(self, path: str) -> Any:
        return (await self.audit.http.get(path, headers=self.maker)).json()

    async def open_fund(self, fund: str = FUND, **more: Any) -> None:
        body = {"fund_id": fund, "name": "暖“留”慈善基金", **more}
        assert (await self.post("/funds", self.maker, f"{fund}-1", body)).status_code == 202
        approved = await self.post(f"/funds/{fund}/approve", self.checker, f"{fund}-2")
        assert approved.status_code == 200
        await give_mandate(self.audit.runtime.database, fund)

    async def propose_and_approve(self, path: str, key: str, body: Any = None) -> Any:
        """Proposed by one person and approved by another; the answer to the second."""
        proposed = await self.post(path, self.maker, key, body)
        assert proposed.status_code == 202, proposed.text
        return await self.post(f"{path}/{proposed.json()['id']}/approve", self.checker, f"{key}-2")

    async def order(self, *match_ids: str) -> dict[str, Any]:
        """What is due for these matches, ordered by two and exported."""
        account = {"kind": "shop", "name": "示例店", "number": ACCOUNT_NUMBER, "bank": "示例银行"}
        payees = {"payees": [{"match_id": id_, **account} for id_ in match_ids]}
        key = "-".join(match_ids)
        named = await self.post("/payees", self.maker, f"{key}-n", payees)
        assert named.status_code == 200, named.text
        body = {"match_ids": match_ids}
        approved = await self.propose_and_approve("/payment-orders", key, body)
        assert approved.status_code == 200, approved.text
        order = dict(approved.json())
        path = f"/payment-orders/{order['id']}/export"
        assert (await self.post(path, self.maker, f"{key}-e")).status_code == 200
        return order

    async def publish_in_order(self, *events: Event[Any]) -> None:
        """The events of the tests of single decisions, from the bank or in matching's order.

        The broker keeps no order between topics: another one waits for what was before.
        """
        groups = [list(g) for _, g in groupby(map(self._record, events), key=lambda r: r[0])]
        for number, group in enumerate(groups, 1):
            places = await self.stack.publish(*group)
            if number < len(groups):
                await self.stack.wait_worked(self.audit, places)

    def _record(self, event: Event[Any]) -> Any:
        if event.source == BANK:
            return self.stack.foreign(BANK, event.id, event.data)
        self.sequences[event.subject] = number = self.sequences.get(event.subject, 0) + 1
        return self.stack.own(MATCHING, event.subject, number, event.data)

    async def wait_published(self, size: int) -> dict[str, Any]:
        """The summary once so many entries are published and none is missing."""
        return await eventually(
            lambda: self.get("/summary"), lambda s: s["published"]["size"] == s["size"] == size
        )

    async def verify(self, summary: dict[str, Any]) -> Report:
        report = await asyncio.to_thread(verify_log, summary["log_dir"], summary["vkey"])
        assert report.broken is None, str(report.broken)
        return report


def settings(stack: StackHarness, **changes: Any) -> AuditSettings:
    audit: AuditSettings = stack.settings(AuditSettings, log_origin="guanjia.test/log", **changes)
    return audit


async def start_harness(stack: StackHarness, **more: Any) -> AuditHarness:
    maker = stack.bearer("fin-maker", Role.FINANCE_MAKER)
    checker = stack.bearer("fin-checker", Role.FINANCE_CHECKER)
    stack.bearer("bank", Role.BANK, source=BANK)
    running = await stack.start_app(create_app(settings(stack, **more)))
    return AuditHarness(stack, running, maker, checker)


async def give_mandate(database: mongo.Database, fund: str) -> None:
    """As two people gave it, without their steps: `test_service_mandates` takes those."""
    document = mongo.to_document(make_mandate(fund)) | {"_version": 1, "_emitted": 0}
    await database[Mandate.COLLECTION].insert_one(document)


def make_gift(stack: StackHarness, id_: str, amount_fen: int, fund: str = FUND) -> Any:
    fact = DonationReceived(
        donor_id="P-donor",
        fund_id=fund,
        amount_fen=amount_fen,
        received_at=datetime(2026, 1, 15, 8, tzinfo=UTC),
        bank_reference=f"ref-{id_}",
    )
    return stack.foreign(BANK, id_, fact)


def make_lifecycle(stack: StackHarness, id_: str, amount: int, *, falls: bool = False) -> list[Any]:
    content = match(amount, request_id=f"R-{id_}")
    end = (
        MatchReleased(reason="request_withdrawn", **content) if falls else MatchConfirmed(**content)
    )
    facts = (MatchAccepted(**content), end)
    return [stack.own(MATCHING, id_, number, fact) for number, fact in enumerate(facts, 1)]
