"""Which calls have begun is noted in the database itself: nobody begins what others gave up on."""

from datetime import timedelta
from uuid import uuid4

from deploy.local.stack import Stack
from services.notify.registering import Registrar
from services.notify.registers import CallRegister
from shared import mongo
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
