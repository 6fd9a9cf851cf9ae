"""Rule 5. A transaction holds at most 500 events or 4 MB; outbox documents split at 1 MB."""

from datetime import UTC, datetime

from shared.messaging import outbox
from shared.messaging.changes import Outgoing
from shared.messaging.decision import Command
from shared.messaging.fold import TRANSACTION_BYTES_MAX
from tests.support.ledgerlet import Add, ledgerlet
from tests.support.ledgerlet_harness import load_counter
from tests.support.stack_harness import StackHarness

LONG = "长" * 60_000


async def test_more_than_500_events_take_more_than_one_transaction(stack: StackHarness) -> None:
    service = await stack.start(ledgerlet())
    commands = [Command(Add(counter=f"C{n}", amount=1), key=f"k{n}") for n in range(1001)]
    answers = await service.runtime.processor.execute_many(commands)
    assert len(answers) == 1001
    sizes = [
        len(document["records"]) async for document in service.runtime.database["outbox"].find({})
    ]
    assert sum(sizes) == 1001
    assert max(sizes) <= 500


async def test_four_megabytes_end_a_transaction(stack: StackHarness) -> None:
    service = await stack.start(ledgerlet())
    commands = [Command(Add(counter=f"C{n}", amount=1), key=f"{LONG}{n}") for n in range(60)]
    await service.runtime.processor.execute_many(commands)
    created = await service.runtime.database["outbox"].distinct("created_at")
    volume = sum(len(c.key.encode()) for c in commands)
    assert volume > 2 * TRANSACTION_BYTES_MAX
    assert len(created) >= 3
    assert (await load_counter(service, "C59")).total == 1


def test_outbox_documents_split_at_one_megabyte_and_keep_their_order() -> None:
    records = [Outgoing("t", str(n), b"x" * 300_000) for n in range(10)]
    documents = outbox.build_documents(records, datetime.now(UTC))
    assert len(documents) == 4
    found = [r for d in documents for r in outbox.list_records(d)]
    assert [r.key for r in found] == [r.key for r in records]
