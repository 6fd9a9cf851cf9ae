"""Rule 7. A foreign event on a broker that dies is safe once its consumer stored it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from services.audit.main import create_app
from services.audit.settings import AuditSettings
from shared.contracts.events import DonationReceived, LedgerReceived
from shared.contracts.topics import DONATIONS_INBOUND, LEDGER, REQUESTS_INBOUND
from shared.ids import derive_cause_id
from shared.messaging.connection import BrokerConnection
from shared.messaging.foreign import ForeignPublisher, parse_cause
from shared.security import Role, derive_publisher_key, sign_record
from tests.support.eventually import eventually
from tests.support.stack_harness import StackHarness

BANK = "/bank/test"
AT = datetime(2026, 1, 18, 9, 0, tzinfo=UTC)
FUND = "nuanliu"


def gift(amount_fen: int = 5_000) -> DonationReceived:
    return DonationReceived(
        donor_id="P-1",
        fund_id=FUND,
        amount_fen=amount_fen,
        received_at=AT,
        bank_reference=f"T-{amount_fen}",
    )


# What audit says of a gift; the bank looks at what led to it.
ENTERED = LedgerReceived(log="l", index=0, fund_id=FUND, amount_fen=5_000, entry="{}")


@asynccontextmanager
async def bank(stack: StackHarness) -> AsyncIterator[ForeignPublisher]:
    root = (stack.secrets_dir / "root.key").read_bytes()
    async with ForeignPublisher(
        BrokerConnection(stack.broker.kafka_bootstrap),
        source=BANK,
        key=derive_publisher_key(root, BANK),
        topic=DONATIONS_INBOUND,
        idempotent=stack.broker.options.broker_kind == "kafka",
    ) as publisher:
        yield publisher


async def arrived(stack: StackHarness, *expected: str) -> list[str]:
    """Ids on the inbound topic, each once, when they are these."""

    async def ids() -> list[str]:
        return [event["id"] for event in await stack.read(DONATIONS_INBOUND)]

    return await eventually(ids, lambda found: sorted(set(found)) == sorted(expected))


async def test_a_foreign_event_is_kept_until_its_fact_appears(stack: StackHarness) -> None:
    async with bank(stack) as publisher:
        await publisher.publish("g-1", gift(), AT)
        await publisher.publish("g-2", gift(), AT)
        await arrived(stack, "g-1", "g-2")
        assert publisher.waiting == ("g-1", "g-2")
        await stack.publish(stack.own("/audit", "D-1", 1, ENTERED, derive_cause_id(BANK, "g-1")))
        await eventually(_waiting(publisher), lambda waiting: waiting == ("g-2",))
        await stack.publish(stack.own("/audit", "D-2", 1, ENTERED, derive_cause_id(BANK, "g-2")))
        await publisher.wait_answered()
        assert not publisher.waiting
        assert publisher.answered == 2


async def test_a_fact_of_another_source_lets_nothing_go(stack: StackHarness) -> None:
    async with bank(stack) as publisher:
        await publisher.publish("g-1", gift(), AT)
        await stack.publish(
            stack.own("/audit", "D-9", 1, ENTERED, derive_cause_id("/bank/other", "g-1")),
            stack.own("/audit", "D-2", 1, ENTERED, derive_cause_id(BANK, "g-2")),
        )
        await publisher.publish("g-2", gift(), AT)
        await eventually(_waiting(publisher), lambda waiting: "g-2" not in waiting)
        assert publisher.waiting == ("g-1",)


async def test_what_is_kept_is_sent_again_to_a_broker_that_came_back_empty(
    stack: StackHarness,
) -> None:
    if stack.broker.options.broker_kind == "kafka":
        pytest.skip("Apache Kafka keeps what it acknowledged")
    async with bank(stack) as publisher:
        await publisher.publish("g-1", gift(), AT)
        await publisher.publish("g-2", gift(), AT)
        await arrived(stack, "g-1", "g-2")
        await stack.publish(stack.own("/audit", "D-1", 1, ENTERED, derive_cause_id(BANK, "g-1")))
        await eventually(_waiting(publisher), lambda waiting: waiting == ("g-2",))
        await stack.broker.supervisor.restart("broker")
        await arrived(stack, "g-2")


async def test_an_event_given_while_no_broker_answers_goes_out_when_one_does(
    stack: StackHarness,
) -> None:
    await stack.broker.supervisor.kill("broker")
    async with bank(stack) as publisher:
        await publisher.publish("g-1", gift(), AT)
        assert publisher.waiting == ("g-1",)
        await stack.broker.supervisor.restart("broker")
        await arrived(stack, "g-1")


async def test_the_bank_hears_of_every_gift_that_audit_entered(stack: StackHarness) -> None:
    settings = stack.settings(AuditSettings, log_origin="guanjia.test/log")
    audit = await stack.start_app(create_app(settings))
    stack.bearer("bank", Role.BANK, source=BANK)
    maker = stack.bearer("maker", Role.FINANCE_MAKER)
    checker = stack.bearer("checker", Role.FINANCE_CHECKER)
    body = {"fund_id": FUND, "name": "暖“留”"}
    await audit.http.post("/funds", json=body, headers=maker | {"Idempotency-Key": "1"})
    await audit.http.post(f"/funds/{FUND}/approve", headers=checker | {"Idempotency-Key": "2"})
    async with bank(stack) as publisher:
        for number in range(1, 31):
            await publisher.publish(f"g-{number}", gift(number), AT)
            await publisher.publish(f"g-{number}", gift(number), AT)
        await publisher.wait_answered()
    said = (await audit.http.get("/summary", headers=maker)).json()
    assert said["received_fen"] == sum(range(1, 31))


@pytest.mark.parametrize(
    "value", [b"", b"\xff", b"[]", b"{}", b'{"data":1}', b'{"data":{"entry":"x"}}']
)
def test_a_record_that_is_no_fact_answers_nothing(value: bytes) -> None:
    assert parse_cause(value) == ""


def test_a_fact_answers_its_cause() -> None:
    value = json.dumps({"causationid": "C-1", "data": {"person_id": "P-1"}}).encode()
    assert parse_cause(value) == "C-1"


def test_signature_covers_topic_and_value() -> None:
    key = bytes(32)
    assert sign_record(key, LEDGER, b"x") != sign_record(key, REQUESTS_INBOUND, b"x")


def _waiting(publisher: ForeignPublisher) -> Any:
    async def look() -> tuple[str, ...]:
        return publisher.waiting

    return look


async def test_events_are_sent_in_order_while_the_broker_is_being_found(
    stack: StackHarness,
) -> None:
    """What is said before the first connection, while what was kept goes out, and after it."""
    wanted = [f"g-{n}" for n in range(2_000)]
    async with bank(stack) as publisher:
        await publisher.publish_all((id_, gift(), AT) for id_ in wanted[:1_000])
        async with asyncio.TaskGroup() as saying:
            for id_ in wanted[1_000:]:
                saying.create_task(publisher.publish(id_, gift(), AT))
                await asyncio.sleep(0)
        await arrived(stack, *wanted)
    first = dict.fromkeys(event["id"] for event in await stack.read(DONATIONS_INBOUND))
    assert list(first) == wanted


async def test_of_two_messages_under_one_id_the_first_is_sent_first(stack: StackHarness) -> None:
    """Said before the broker was found; which of them counts is the house's to say."""
    async with bank(stack) as publisher:
        for amount_fen in (10_000, 20_000, 10_000):
            await publisher.publish("g-1", gift(amount_fen), AT)
        await arrived(stack, "g-1")

        async def amounts() -> list[int]:
            events = await stack.read(DONATIONS_INBOUND)
            return [event["data"]["amount_fen"] for event in events]

        await eventually(amounts, lambda found: list(dict.fromkeys(found)) == [10_000, 20_000])
