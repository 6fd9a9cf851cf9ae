"""What intake's door is measured beside: `python -m tests.bench.bare_door http|topic ...`.

http: a FastAPI route that parses the request as intake does and inserts one document. topic: a
consumer that inserts what it fetched and commits. Neither signs in, checks a signature, decides,
seals, repeats or publishes anything. Durable as Guanjia is: w majority, j true, acks=all.
"""

import asyncio
import sys
import uuid
from typing import Any

import uvicorn
from aiokafka import AIOKafkaConsumer
from fastapi import FastAPI
from motor.motor_asyncio import AsyncIOMotorClient

from shared.contracts.events import RequestSubmitted

BATCH_MAX = 500
FETCH_WAIT_MS = 50


def open_collection(mongo_uri: str) -> Any:
    client: Any = AsyncIOMotorClient(mongo_uri, w="majority", journal=True)
    return client["bench_door"]["requests"]


async def serve_http(mongo_uri: str, port: str) -> None:
    collection = open_collection(mongo_uri)
    app = FastAPI()

    @app.post("/requests", status_code=201)
    async def submit(request: RequestSubmitted) -> dict[str, str]:
        id_ = uuid.uuid4().hex
        await collection.insert_one({"_id": id_, **request.model_dump(mode="json")})
        return {"request_id": id_}

    config = uvicorn.Config(app, port=int(port), access_log=False, log_level="warning")
    await uvicorn.Server(config).serve()


async def serve_topic(mongo_uri: str, bootstrap: str, topic: str) -> None:
    collection = open_collection(mongo_uri)
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=bootstrap,
        group_id="bench-door",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=FETCH_WAIT_MS,
    )
    await consumer.start()
    print("ready", flush=True)
    while True:
        fetched = await consumer.getmany(timeout_ms=FETCH_WAIT_MS, max_records=BATCH_MAX)
        values = [record.value for records in fetched.values() for record in records]
        if values:
            documents = [{"_id": uuid.uuid4().hex, "value": value} for value in values]
            await collection.insert_many(documents, ordered=False)
            await consumer.commit()


if __name__ == "__main__":
    way, *arguments = sys.argv[1:]
    asyncio.run(serve_http(*arguments) if way == "http" else serve_topic(*arguments))
