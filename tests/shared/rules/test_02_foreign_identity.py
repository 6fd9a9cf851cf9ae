"""Rule 2. Foreign events and commands are known by their own key and content."""

import json
from typing import Any

import pytest

from shared.contracts import topics
from shared.contracts.envelope import parse_envelope
from shared.errors import Invalid
from shared.messaging.decision import Answer, Command
from shared.security import Role
from tests.support.eventually import eventually
from tests.support.ledgerlet import Add, ledgerlet
from tests.support.ledgerlet_harness import (
    load_counter,
    make_donation,
    wait_for_count,
    wait_for_dead_letters,
)
from tests.support.stack_harness import StackHarness


async def test_foreign_event_twice_is_worked_once(stack: StackHarness) -> None:
    service = await stack.start(ledgerlet())
    stack.bearer("bank", Role.BANK, source="/bank/icbc")
    record = stack.foreign("/bank/icbc", "1", make_donation())
    await stack.publish(record, record)
    await stack.publish(record, stack.foreign("/bank/icbc", "2", make_donation()))
    assert (await wait_for_count(service, "F-1", 200)).total == 200


async def test_foreign_id_with_other_content_is_refused(stack: StackHarness) -> None:
    service = await stack.start(ledgerlet())
    stack.bearer("bank", Role.BANK, source="/bank/icbc")
    await stack.publish(
        stack.foreign("/bank/icbc", "1", make_donation(100)),
        stack.foreign("/bank/icbc", "1", make_donation(101)),
    )
    [letter] = await wait_for_dead_letters(service, 1)
    assert letter["problems"][0]["code"] == "idempotency_key_reused"
    assert (await load_counter(service, "F-1")).total == 100


async def test_command_is_answered_with_its_durable_decision_once(stack: StackHarness) -> None:
    service = await stack.start(ledgerlet())
    processor = service.runtime.processor
    command = Command(Add(counter="C", amount=5), key="k")
    first = await processor.execute(command)
    again = await processor.execute(command)
    assert first == again == Answer(200, {"total": 5})
    reused = await processor.execute(Command(Add(counter="C", amount=6), key="k"))
    assert reused.status == 422
    assert (await load_counter(service, "C")).total == 5


async def test_invalid_command_says_why_and_leaves_nothing(stack: StackHarness) -> None:
    service = await stack.start(ledgerlet())
    with pytest.raises(Invalid) as refused:
        await service.runtime.processor.execute(Command(Add(counter="C", amount=13), key="k"))
    assert refused.value.problems[0].field == "amount"
    assert await service.runtime.database["idempotency_keys"].count_documents({}) == 0


async def test_a_callers_key_is_never_written_into_events(stack: StackHarness) -> None:
    """It may be longer than an attribute may be, or somebody's number."""
    service = await stack.start(ledgerlet())
    key = "/channels/x|" + "13800138000" * 18
    await service.runtime.processor.execute(Command(Add(counter="C", amount=1), key=key))

    async def read() -> list[dict[str, Any]]:
        return await stack.read(topics.LEDGER)

    [event] = await eventually(read, lambda found: len(found) >= 1)
    attributes = {name: event[name] for name in ("correlationid", "causationid", "traceparent")}
    assert "13800138000" not in json.dumps(attributes)
    parse_envelope(json.dumps(event).encode())
    stored = await service.runtime.database["idempotency_keys"].find_one({})
    assert stored is not None
    assert "13800138000" not in stored["_id"]


async def test_a_key_that_was_stored_as_it_was_written_is_known(stack: StackHarness) -> None:
    service = await stack.start(ledgerlet())
    keys = service.runtime.database["idempotency_keys"]
    command = Command(Add(counter="C", amount=5), key="/channels/x|m-1")
    await service.runtime.processor.execute(command)
    stored = await keys.find_one_and_delete({})
    assert stored is not None
    await keys.insert_one({**stored, "_id": command.key})
    assert await service.runtime.processor.execute(command) == Answer(200, {"total": 5})
    assert (await load_counter(service, "C")).total == 5


async def test_a_record_whose_names_stand_twice_is_refused(stack: StackHarness) -> None:
    service = await stack.start(ledgerlet())
    stack.bearer("bank", Role.BANK, source="/bank/icbc")
    topic, _, value, _ = stack.foreign("/bank/icbc", "1", make_donation(100))
    twice = value.replace(b'"amount_fen":100', b'"amount_fen":100,"amount_fen":900')
    assert twice != value
    await stack.publish(stack.signed("/bank/icbc", topic, "/bank/icbc", twice))
    [letter] = await wait_for_dead_letters(service, 1)
    assert letter["problems"][0]["code"] == "json_name_repeated"
