"""Which calls have begun is noted in the database itself: nobody begins what others gave up on."""

import asyncio
from collections.abc import Collection
from datetime import timedelta
from unittest.mock import AsyncMock, Mock
from uuid import uuid4

import pytest

from deploy.local.stack import Stack
from services.notify import recording, store
from services.notify.model import RecordOutcome
from services.notify.recording import OutcomeRecorder
from services.notify.registering import Registrar
from services.notify.registers import CallRegister
from shared import mongo
from shared.errors import Transient
from shared.messaging.decision import Answer, Command
from tests.notify.decisions import START


async def find_registers(database: mongo.Database) -> dict[str, list[str]]:
    rows = await mongo.find(database, CallRegister, {})
    return {row.id: sorted(row.calling) for row in rows}


async def test_a_register_holds_the_calls_whose_outcomes_are_not_durable(mongod: Stack) -> None:
    database = mongo.connect(mongod.mongo_uri, f"t{uuid4().hex[:12]}")
    registrar = Registrar(database)
    await registrar.open(START)
    assert await registrar.begin(registrar.id, "N-1/1")
    assert await registrar.begin(registrar.id, "N-2/1")
    registrar.end("N-1/1")
    assert await registrar.begin(registrar.id, "N-3/1")
    assert await find_registers(database) == {registrar.id: ["N-2/1", "N-3/1"]}


async def test_in_a_register_that_others_read_nothing_begins_any_more(mongod: Stack) -> None:
    """Reading it in a decision raises its version."""
    database = mongo.connect(mongod.mongo_uri, f"t{uuid4().hex[:12]}")
    registrar = Registrar(database)
    await registrar.open(START)
    first = registrar.id
    assert await registrar.begin(first, "N-1/1")
    raised = {"$inc": {"_version": 1}}
    await database[CallRegister.COLLECTION].update_one({"_id": first}, raised)
    assert not await registrar.begin(first, "N-2/1")
    assert registrar.id == ""
    await registrar.open(START + timedelta(seconds=1))
    assert not await registrar.begin(first, "N-3/1"), "claimed in the old one"
    assert await registrar.begin(registrar.id, "N-4/1")
    assert await find_registers(database) == {first: ["N-1/1"], registrar.id: ["N-4/1"]}


async def test_where_the_database_does_not_answer_nothing_begins(mongod: Stack) -> None:
    database = mongo.connect(mongod.mongo_uri, f"t{uuid4().hex[:12]}")
    registrar = Registrar(database)
    await registrar.open(START)
    database.client.close()
    assert not await registrar.begin(registrar.id, "N-1/1")
    assert registrar.id == ""


async def test_what_waits_for_a_register_that_closes_is_noted_in_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its claim names the closed one: who finds that expired would look there alone."""
    has_begun, may_end = asyncio.Event(), asyncio.Event()
    writes: list[tuple[str, set[str]]] = []

    async def note(_: object, id_: str, _version: int, calls: Collection[str]) -> bool:
        writes.append((id_, set(calls)))
        has_begun.set()
        await may_end.wait()
        return len(writes) > 1

    monkeypatch.setattr(store, "note_calls", note)
    monkeypatch.setattr(store, "open_register", AsyncMock())
    registrar = Registrar(Mock())
    await registrar.open(START)
    closed = registrar.id
    first = asyncio.create_task(registrar.begin(closed, "N-1/1"))
    await asyncio.wait_for(has_begun.wait(), 10)
    second = asyncio.create_task(registrar.begin(closed, "N-2/1"))
    await asyncio.sleep(0)
    may_end.set()
    assert not await first
    await registrar.open(START)
    assert not await second
    assert await registrar.begin(registrar.id, "N-3/1")
    assert writes == [(closed, {"N-1/1"}), (registrar.id, {"N-3/1"})]


async def test_a_call_whose_outcome_could_not_be_stored_stays_noted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else its claim, when it expires, would be one of a call that never began."""
    monkeypatch.setattr(recording, "INTERRUPTED_WAIT_S", 0)
    answers = iter([[Transient("away"), RuntimeError("a bug"), Answer(204, {})], [Answer(204, {})]])
    noted: list[str] = []
    recorder = OutcomeRecorder(
        AsyncMock(side_effect=answers), lambda outcome: noted.append(outcome.notice_id)
    )
    for id_ in ("N-1", "N-2", "N-3"):
        sent = RecordOutcome(notice_id=id_, attempt=1, channel="sms", outcome="sent")
        recorder.put(Command(sent))
    running = asyncio.create_task(recorder.run())
    await asyncio.wait_for(recorder.join(), 10)
    running.cancel()
    assert sorted(noted) == ["N-1", "N-3"]
