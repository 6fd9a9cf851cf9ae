"""An import of statements as it runs: read, publish, and see what became of each row.

A few batches are under way at a time, so that vault, broker and ledger work side by side and memory
stays bounded.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from deploy.commands.donations_progress import ImportProgress
from deploy.commands.donations_report import Bar
from deploy.local.stack_file import find_running_stack
from services.audit.statements import Gift, Layout
from services.audit.statements.files import Batch, Row, StatedRow, read_batches
from services.audit.statements.givers import Givers
from services.audit.statements.likeness import Trait, TraitIndex
from services.audit.statements.outcomes import (
    REFUSALS,
    Alike,
    Outcome,
    ask_alike,
    check_source,
    explain_fund,
    find_line_outcomes,
    find_outcomes,
    make_trait,
    name_as_stored,
)
from shared.client import ServiceClient, ServiceError, find_data_dir, find_secrets_dir
from shared.contracts.topics import DONATIONS_INBOUND
from shared.errors import Problem
from shared.messaging.connection import BrokerConnection
from shared.messaging.foreign import ForeignPublisher
from shared.security import Keyring
from shared.settings import Settings, load_settings

BATCHES_AT_ONCE = 3
ASK_AGAIN_S = 0.5
DISTINCT_MAX = 20


class Import:
    def __init__(
        self,
        source: str,
        files: Sequence[Path],
        layout: Layout,
        within_s: float,
        skip: int | None = None,
        *,
        are_apart: bool = False,
    ) -> None:
        """are_apart: somebody looked at the rows that may be gifts entered before: they are not."""
        self._source, self._files, self._layout, self._skip = source, files, layout, skip
        self._within_s, self._are_apart = within_s, are_apart
        self._seen = TraitIndex()
        self._file: Path | None = None
        self._of_file: list[Trait] = []
        self._audit = ServiceClient("audit")
        self._funds: dict[str, str | None] = {}
        self._bar = Bar(sum(file.stat().st_size for file in files))
        self.progress = ImportProgress()

    async def run(self) -> ImportProgress:
        """Raises Invalid when a file is no statement, ServiceError when the source is nobody's."""
        # Before any giver reaches the vault.
        await asyncio.to_thread(check_source, self._audit, self._source)
        with self._bar:
            async with self._make_publisher() as publisher:
                await self._work(publisher)
        return self.progress

    async def _work(self, publisher: ForeignPublisher) -> None:
        givers = Givers(ServiceClient("intake"))
        batches = read_batches(self._files, self._layout, givers, self._check_fund, self._skip)
        under_way: set[asyncio.Task[None]] = set()
        published = asyncio.Event()
        published.set()
        try:
            while batch := await asyncio.to_thread(self._read_next, batches):
                self.progress.add(batch)
                self._bar.read(batch)
                like_earlier = self._compare_with_earlier_files(batch)
                before, published = published, asyncio.Event()
                settling = self._settle(publisher, batch, like_earlier, before, published)
                under_way.add(asyncio.create_task(settling))
                if len(under_way) >= BATCHES_AT_ONCE:
                    ended, under_way = await asyncio.wait(
                        under_way, return_when=asyncio.FIRST_COMPLETED
                    )
                    await asyncio.gather(*ended)
            await asyncio.gather(*under_way)
        finally:
            for task in under_way:
                task.cancel()

    def _read_next(self, batches: Iterator[Batch]) -> Batch | None:
        """Its rows named as the books have them."""
        batch = next(batches, None)
        if batch is None:
            return None
        return replace(batch, rows=tuple(name_as_stored(self._audit, self._source, batch.rows)))

    async def _settle(
        self,
        publisher: ForeignPublisher,
        batch: Batch,
        like_earlier: Mapping[str, Sequence[Alike]],
        before: asyncio.Event,
        published: asyncio.Event,
    ) -> None:
        """Publishes what the books do not have, and waits until they have it.

        In the order of the files: of two gifts under one reference the first is entered.
        """
        rows, counts = await self._sort_out(publisher, batch, batch.rows, again=("reused",))
        self.progress.before += sum(n for outcome, n in counts.items() if outcome not in REFUSALS)
        rows = await self._ask_about(batch, rows, like_earlier)
        await before.wait()
        await publisher.publish_all((row.id, row.fact, row.fact.received_at) for row in rows)
        published.set()
        clock = asyncio.get_running_loop()
        last = clock.time()
        while rows and clock.time() - last < self._within_s:
            rows, counts = await self._sort_out(publisher, batch, rows)
            if counts:
                last = clock.time()
            self.progress.entered += counts["entered"]
            self.progress.for_fund += counts["waiting"]
            self.progress.repeated += counts["repeated"]
            await asyncio.sleep(ASK_AGAIN_S if rows else 0)
        self.progress.give_up(rows)
        await self._settle_stated(publisher, batch.stated)

    async def _settle_stated(self, publisher: ForeignPublisher, rows: Sequence[StatedRow]) -> None:
        """As `_settle`, of rows about payments."""
        remaining = await self._sort_out_stated(publisher, rows, are_new=False)
        await publisher.publish_all((row.id, row.fact, row.fact.at) for row in remaining)
        clock = asyncio.get_running_loop()
        last = clock.time()
        while remaining and clock.time() - last < self._within_s:
            await asyncio.sleep(ASK_AGAIN_S)
            before = len(remaining)
            remaining = await self._sort_out_stated(publisher, remaining, are_new=True)
            last = clock.time() if len(remaining) < before else last
        self.progress.unseen += len(remaining)

    async def _sort_out_stated(
        self, publisher: ForeignPublisher, rows: Sequence[StatedRow], *, are_new: bool
    ) -> list[StatedRow]:
        """Those of which nothing is known yet. are_new: this import published them."""
        outcomes = await asyncio.to_thread(find_line_outcomes, self._audit, self._source, rows)
        remaining = []
        for row, outcome in zip(rows, outcomes, strict=True):
            if outcome is None:
                remaining.append(row)
                continue
            publisher.forget(row.id)
            self.progress.payments[outcome if are_new else "before"] += 1
        return remaining

    def _compare_with_earlier_files(self, batch: Batch) -> Mapping[str, Sequence[Alike]]:
        """Rows, by id, that may be gifts of files read before; those of one file are different."""
        if batch.file != self._file:
            self._seen.add(self._of_file)
            self._file, self._of_file = batch.file, []
        traits = [make_trait(row) for row in batch.rows]
        self._of_file += traits if len(self._files) > 1 else []
        return {trait.id: list(map(Alike.from_trait, self._seen.find(trait))) for trait in traits}

    async def _ask_about(
        self, batch: Batch, rows: Sequence[Row], like_earlier: Mapping[str, Sequence[Alike]]
    ) -> list[Row]:
        """Those that are published: without what somebody has to look at first."""
        answers = await asyncio.to_thread(ask_alike, self._audit, self._source, rows)
        published = []
        for row, answer in zip(rows, answers, strict=True):
            alike = [*answer.gifts, *(like_earlier[row.id] if answer.is_new else ())]
            if answer.is_entered:
                self.progress.before += 1
                self._bar.count_settled(1)
            elif not alike:
                published.append(row)
            elif self._are_apart:
                gifts = tuple(sorted({each.id for each in alike if each.id}))
                fact = row.fact.model_copy(update={"distinct_from": gifts[:DISTINCT_MAX]})
                published.append(replace(row, fact=fact))
            else:
                self.progress.ask(batch.file, row, alike)
                self._bar.count_settled(1)
        return published

    async def _sort_out(
        self,
        publisher: ForeignPublisher,
        batch: Batch,
        rows: Sequence[Row],
        again: Sequence[Outcome] = (),
    ) -> tuple[list[Row], Counter[Outcome]]:
        """Rows of which nothing is known yet, and what the others came to.

        again: outcomes that are to be heard once more.
        """
        results = await asyncio.to_thread(find_outcomes, self._audit, self._source, rows)
        remaining, counts = [], Counter[Outcome]()
        for row, outcome in zip(rows, results, strict=True):
            if outcome in ("unknown", "elsewhere", *again):
                remaining.append(row)
                continue
            counts[outcome] += 1
            publisher.forget(row.id)
            if outcome in REFUSALS:
                self.progress.refuse(batch.file, row.line, (REFUSALS[outcome],))
        self._bar.count_settled(counts.total())
        return remaining, counts

    def _check_fund(self, gift: Gift) -> Problem | None:
        """An entry that is refused for its fund stays refused: so it is asked before."""
        id_ = gift.fact.fund_id
        if id_ not in self._funds:
            self._funds[id_] = self._find_state(id_)
        return explain_fund(id_, self._funds[id_])

    def _find_state(self, fund_id: str) -> str | None:
        try:
            return str(self._audit.get(f"/funds/{quote(fund_id, safe='')}")["state"])
        except ServiceError as error:
            if error.status != 404:
                raise
            return None

    def _make_publisher(self) -> ForeignPublisher:
        connection, broker = _find_broker()
        key = Keyring(find_secrets_dir()).find_publisher_key(self._source)
        if key is None:
            raise SystemExit(f"来源 {self._source} 无权发布 · {self._source} may not publish")
        return ForeignPublisher(
            connection,
            source=self._source,
            key=key,
            topic=DONATIONS_INBOUND,
            idempotent=broker == "kafka",
        )


def _find_broker() -> tuple[BrokerConnection, str]:
    stack = find_running_stack(find_data_dir())
    if stack:
        return BrokerConnection(stack.kafka_bootstrap), stack.broker
    settings = load_settings(Settings)
    return BrokerConnection.from_settings(settings), settings.broker
